import { z } from "zod";
import { disabledMethod } from "@/lib/runtime/disabled-method";
import { defineFlow } from "@/lib/runtime/flow";
import { token } from "@/lib/runtime/fields";
import { findOwner } from "@/lib/store/auth-providers";
import { findPendingIdentity } from "@/lib/store/oauth-attempts";
import { ok, refuse } from "@/lib/core/result";
import { findRepeatableSwitch } from "./steps";

/**
 * The pending identity of this browser, for the page that asks what to do with it (O4); also the one to
 * whose account the browser may switch again, because the response may have been lost. Refuses
 * `oauth_state_invalid`, and `not_found` where the provider is disabled.
 */
export const previewOAuth = defineFlow({
  name: "oauth.preview",
  kind: "read",
  requires: "anyone",
  limits: [],
  input: z.strictObject({ pendingIdentity: token }),

  run: async function previewOAuth(ctx, input) {
    const { session } = ctx.caller;
    const pending = await findPendingIdentity(ctx.db, input.pendingIdentity);
    const pendingIdentity =
      pending ?? (session ? null : await findRepeatableSwitch(ctx, ctx.db, input.pendingIdentity));
    if (!pendingIdentity) return refuse("oauth_state_invalid", { cause: "no_pending_identity" });
    const { provider, email: address } = pendingIdentity.identity;
    const disabled = disabledMethod(ctx.env, provider);
    if (disabled) return { ok: false, refusal: disabled };
    const owner = await findOwner(ctx.db, pendingIdentity.identity);
    const isForUser = owner
      ? owner.userId === session?.userId
      : address !== null && address === session?.email;
    return ok({
      provider,
      address,
      signedInAs: session?.email ?? null,
      /** Whether whoever is signed in here may connect it. */
      isForSession: pendingIdentity.sessionId
        ? pendingIdentity.sessionId === session?.id
        : isForUser,
      /** Begun in an account, to connect it there; it signs nobody in. */
      isLink: pendingIdentity.sessionId !== null,
      /** Whether it opens an account already, or did until its owner was asked whether it may. */
      hasOwner: owner !== null,
      /** This browser has switched to its account, and may not have received the response. */
      isRepeatable: pending === null,
    });
  },
});
