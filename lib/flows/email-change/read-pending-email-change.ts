import { z } from "zod";
import { ok, refuse } from "@/lib/core/result";
import { defineFlow } from "@/lib/runtime/flow";
import { findPendingEmailChange } from "@/lib/store/email-changes";
import { isMailDelayed } from "@/lib/store/outbox";

/** The change of the address that waits for its code in this session and browser. Refuses `not_found`. */
export const readPendingEmailChange = defineFlow({
  name: "email_change.pending",
  kind: "read",
  requires: "session",
  limits: [],
  input: z.strictObject({}),

  run: async function readPendingEmailChange({ db, caller }) {
    const { session, requestingBrowserDigest } = caller;
    const pending = await findPendingEmailChange(db, session, requestingBrowserDigest);
    return pending
      ? ok({ ...pending, mailIsDelayed: await isMailDelayed(db) })
      : refuse("not_found");
  },
});
