import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { isUsable } from "@/lib/methods";
import { isLastMethod, selectAuthProviders } from "@/lib/store/auth-providers";
import { ok } from "@/lib/core/result";

/**
 * Lists the user's sign-in methods, when each was last used, and whether it is usable (A1, A4). Refuses
 * `sign_in_required`.
 */
export const listAuthProviders = defineFlow({
  name: "auth_provider.list",
  kind: "read",
  requires: "session",
  limits: [],
  input: z.strictObject({}),

  run: async function listAuthProviders(ctx) {
    const linked = await selectAuthProviders(ctx.db, ctx.caller.session.userId);
    return ok(
      linked.map((one) => ({
        ...one,
        isUsable: isUsable(one, ctx.env.methods),
        isLast: isLastMethod(linked, one.provider, ctx.env),
      })),
    );
  },
});
