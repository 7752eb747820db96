import { z } from "zod";
import { ok } from "@/lib/core/result";
import { defineFlow } from "@/lib/runtime/flow";

/** When the account of this session will be erased; null when its owner has not asked for it. */
export const readDeletion = defineFlow({
  name: "account.read_deletion",
  kind: "read",
  requires: "session",
  duringDeletion: true,
  limits: [],
  input: z.strictObject({}),

  run: function readDeletion({ caller }) {
    const { email, deletesAt } = caller.session;
    return Promise.resolve(ok({ email, deletesAt }));
  },
});
