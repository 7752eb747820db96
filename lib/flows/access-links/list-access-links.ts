import { z } from "zod";
import { intervals } from "@/lib/core/policy";
import { ok } from "@/lib/core/result";
import { uuid } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { selectOpenAccessLinks } from "@/lib/store/access-links";

/** The access links of a user that can still be used, without their secrets (T2). */
export const listAccessLinks = defineFlow({
  name: "access_link.list",
  kind: "read",
  requires: "staff",
  maxAuthAge: intervals.staffRead,
  limits: [],
  input: z.strictObject({ id: uuid }),

  run: async function listAccessLinks(ctx, { id }) {
    return ok(await selectOpenAccessLinks(ctx.db, id));
  },
});
