import { z } from "zod";
import { ok } from "@/lib/core/result";
import { personName, timeZone } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { writeProfile } from "@/lib/store/profiles";

/**
 * Changes a user's name and time zone; an empty one deletes it. Refuses `name_invalid`, `name_too_long`,
 * `time_zone_invalid`.
 */
export const updateProfile = defineFlow({
  name: "profile.update",
  kind: "write",
  requires: "session",
  limits: [],
  audited: {
    subject: "caller",
    refusals: {},
  },
  input: z.strictObject({ name: personName, timeZone }),

  run: function updateProfile(ctx, profile) {
    return ctx.write(async (tx) => {
      const { userId } = ctx.caller.session;
      ctx.auditSubject({ userId });
      await writeProfile(tx, userId, profile);
      return ok(profile);
    });
  },
});
