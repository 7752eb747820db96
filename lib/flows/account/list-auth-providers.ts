import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { isLastMethod, isUsable, listAuthProviders as list } from "@/lib/store/auth-providers";
import { ok } from "@/lib/core/result";

/** A person's ways in, when each was last used, and what each is good for (A1, A4). Refuses `sign_in_required`. */
export const listAuthProviders = defineFlow({
  name: "auth_provider.list",
  kind: "read",
  requires: "session",
  limits: [],
  input: z.strictObject({}),

  async run(ctx) {
    const linkedMethods = await list(ctx.db, ctx.caller.session.userId);
    return ok(
      linkedMethods.map((linkedMethod) => ({
        ...linkedMethod,
        isUsable: isUsable(linkedMethod, ctx.env.methods),
        isLast: isLastMethod(linkedMethods, linkedMethod.provider, ctx.env),
      })),
    );
  },
});
