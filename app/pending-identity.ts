import { redirect } from "next/navigation";
import { previewOAuth } from "@/lib/flows/oauth/preview-oauth";
import type { MethodId } from "@/lib/core/method-id";
import { oauthMethod } from "@/lib/methods";
import { pendingIdentityToken } from "@/lib/web/oauth-cookies";
import { runForRequest } from "@/lib/web/run-for-request";

/** The provider whose pending identity the signed-in user may connect; null for none. */
export async function pendingProvider(): Promise<MethodId | null> {
  const token = await pendingIdentityToken();
  if (!token) return null;
  const pendingIdentity = await runForRequest(previewOAuth, { pendingIdentity: token });
  return pendingIdentity.ok && pendingIdentity.value.isForSession
    ? pendingIdentity.value.provider
    : null;
}

/**
 * This browser's pending identity; redirects to `otherwise` when there is none. That page says it where the
 * provider is disabled.
 */
export async function readPendingIdentity(otherwise: string) {
  const pendingIdentity = await runForRequest(previewOAuth, {
    pendingIdentity: await pendingIdentityToken(),
  });
  if (pendingIdentity.ok)
    return {
      ...pendingIdentity.value,
      name: oauthMethod(pendingIdentity.value.provider).oauth.name,
    };
  const { code, method } = pendingIdentity.refusal;
  if (code === "unavailable") redirect("/unavailable");
  return redirect(method ? `${otherwise}?disabled=${method}` : otherwise);
}
