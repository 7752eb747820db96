import { redirect } from "next/navigation";
import { previewHandshake } from "@/lib/flows/oauth/preview-handshake";
import { oauthProviders } from "@/lib/oauth-providers";
import { parkedToken } from "@/lib/web/handshake";
import { perform } from "@/lib/web/perform";

/** The provider that whoever is signed in here may connect now; null for none. */
export async function nameWaiting(): Promise<string | null> {
  const token = await parkedToken();
  if (!token) return null;
  const parked = await perform(previewHandshake, { parked: token });
  return parked.ok && parked.value.isForSession ? oauthProviders[parked.value.provider].name : null;
}

/** Whom this browser brought back from a provider; where nobody waits, on to `otherwise`. */
export async function readParked(otherwise: string) {
  const parked = await perform(previewHandshake, { parked: await parkedToken() });
  if (parked.ok) return { ...parked.value, name: oauthProviders[parked.value.provider].name };
  return redirect(parked.refusal.code === "unavailable" ? "/unavailable" : otherwise);
}
