import { redirect } from "next/navigation";
import { previewHandshake } from "@/lib/flows/oauth/preview-oauth";
import { type OAuthProvider, oauthProviders } from "@/lib/core/oauth-providers";
import { parkedToken } from "@/lib/web/oauth-cookies";
import { perform } from "@/lib/web/run-for-request";

/** The provider that whoever is signed in here came back from, and may connect; null for none. */
export async function providerWaiting(): Promise<OAuthProvider | null> {
  const token = await parkedToken();
  if (!token) return null;
  const parked = await perform(previewHandshake, { parked: token });
  return parked.ok && parked.value.isForSession ? parked.value.provider : null;
}

/** Whom this browser brought back from a provider; where nobody waits, on to `otherwise`. */
export async function readParked(otherwise: string) {
  const parked = await perform(previewHandshake, { parked: await parkedToken() });
  if (parked.ok) return { ...parked.value, name: oauthProviders[parked.value.provider].name };
  return redirect(parked.refusal.code === "unavailable" ? "/unavailable" : otherwise);
}
