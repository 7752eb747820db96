import { z } from "zod";
import { ok } from "@/lib/core/result";
import { defineFlow } from "@/lib/runtime/flow";
import { findStaffEmailChange } from "@/lib/store/staff-email-changes";

/** The change of the user's address that staff have started, once it has a date; null without one (T2). */
export const readStaffEmailChange = defineFlow({
  name: "staff_email_change.read",
  kind: "read",
  requires: "session",
  limits: [],
  input: z.strictObject({}),

  run: async function readStaffEmailChange({ db, caller }) {
    const change = await findStaffEmailChange(db, caller.session.userId);
    if (change?.state !== "scheduled") return ok(null);
    return ok({ newEmail: change.newEmail, at: change.at });
  },
});
