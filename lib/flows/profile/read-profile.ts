import { z } from "zod";
import { ok, refuse } from "@/lib/core/result";
import { defineFlow } from "@/lib/runtime/flow";
import { selectProfile } from "@/lib/store/profiles";

/** A user's name, time zone and address. Refuses `sign_in_required`. */
export const readProfile = defineFlow({
  name: "profile.read",
  kind: "read",
  requires: "session",
  limits: [],
  input: z.strictObject({}),

  run: async function readProfile(ctx) {
    const profile = await selectProfile(ctx.db, ctx.caller.session.userId);
    return profile ? ok(profile) : refuse("sign_in_required");
  },
});
