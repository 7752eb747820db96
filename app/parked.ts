import { redirect } from "next/navigation";
import { previewHandshake } from "@/lib/flows/oauth/preview-handshake";
import { oauthProviders } from "@/lib/oauth-providers";
import { handshakeToken } from "@/lib/web/handshake";
import { perform } from "@/lib/web/perform";

/** Whom this browser brought back from a provider; where nobody waits, on to `otherwise`. */
export async function readParked(otherwise: string) {
  const parked = await perform(previewHandshake, { handshake: await handshakeToken() });
  if (parked.ok) return { ...parked.value, name: oauthProviders[parked.value.provider].name };
  return redirect(parked.refusal.code === "unavailable" ? "/unavailable" : otherwise);
}
