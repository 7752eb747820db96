import { redirect } from "next/navigation";
import { previewOAuth } from "@/lib/flows/oauth/preview-oauth";
import type { MethodId } from "@/lib/core/method-id";
import { oauthMethod } from "@/lib/methods";
import { pendingIdentityToken } from "@/lib/web/oauth-cookies";
import { runForRequest } from "@/lib/web/run-for-request";

/** The provider that whoever is signed in here came back from, and may connect; null for none. */
export async function pendingProvider(): Promise<MethodId | null> {
  const token = await pendingIdentityToken();
  if (!token) return null;
  const pendingIdentity = await runForRequest(previewOAuth, { pendingIdentity: token });
  return pendingIdentity.ok && pendingIdentity.value.isForSession
    ? pendingIdentity.value.provider
    : null;
}

/** Whom this browser brought back from a provider; where nobody waits, on to `otherwise`. */
export async function readPendingIdentity(otherwise: string) {
  const pendingIdentity = await runForRequest(previewOAuth, {
    pendingIdentity: await pendingIdentityToken(),
  });
  if (pendingIdentity.ok)
    return {
      ...pendingIdentity.value,
      name: oauthMethod(pendingIdentity.value.provider).oauth.name,
    };
  return redirect(pendingIdentity.refusal.code === "unavailable" ? "/unavailable" : otherwise);
}
