import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { selectSessions } from "@/lib/store/sessions";
import { ok } from "@/lib/core/result";

/** The browsers a user is signed in on, this one marked (S2). Refuses `sign_in_required`. */
export const listSessions = defineFlow({
  name: "session.list",
  kind: "read",
  requires: "session",
  limits: [],
  input: z.strictObject({}),

  run: async function listSessions(ctx) {
    const { session } = ctx.caller;
    const entries = await selectSessions(ctx.db, session.userId);
    return ok(entries.map((entry) => ({ ...entry, current: entry.id === session.id })));
  },
});
