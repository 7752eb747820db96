import { z } from "zod";
import { ok, refuse } from "@/lib/core/result";
import { token } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { isSetupTokenLive } from "@/lib/store/setup";

/** Whom the setup link would make the first admin. Consumes nothing. Refuses `link_invalid`. */
export const previewSetup = defineFlow({
  name: "setup.preview",
  kind: "read",
  requires: "session",
  limits: [],
  input: z.strictObject({ token }),

  run: async function previewSetup(ctx, { token }) {
    const { email, staffId } = ctx.caller.session;
    const isLive = !staffId && (await isSetupTokenLive(ctx.db, token));
    return isLive ? ok({ email }) : refuse("link_invalid");
  },
});
