import { redirect } from "next/navigation";
import { readSession } from "@/lib/flows/sessions/read-session";
import type { completeHandshake } from "@/lib/flows/oauth/complete-oauth";
import type { OAuthProvider } from "@/lib/core/oauth-providers";
import type { Refusal } from "@/lib/core/result";
import { sayDone, sayNo } from "@/lib/web/flash";
import { leaveFor } from "@/lib/web/oauth-cookies";
import { perform } from "@/lib/web/run-for-request";
import { goOn, withNext } from "@/lib/web/redirects";

/** To a provider, once a flow has begun the trip. Never returns. */
export async function setOut(provider: OAuthProvider): Promise<never> {
  // Only who leaves needs Auth.js; the pages they leave from come without it.
  const { wayTo } = await import("@/lib/web/authjs");
  const way = await wayTo(provider);
  return way.ok ? leaveFor(provider, way.value.url) : turnBack(way.refusal);
}

/** Back from one: to where they wanted to go, or to the page that asks what they meant. Never returns. */
export async function arrive(arrived: Awaited<ReturnType<typeof completeHandshake.run>>) {
  if (!arrived.ok) return turnBack(arrived.refusal);
  const { provider, outcome, next } = arrived.value;
  switch (outcome) {
    case "sign_in":
      return goOn(next);
    case "ask_to_connect":
      return redirect("/account/connect");
    case "ask_to_sign_in":
      return redirect("/sign-in/connect");
    case "ask_to_switch":
      return redirect("/sign-in/switch");
    case "connected_already":
      return sayDone("/account/methods", "provider_connected_already", provider);
  }
}

/** Told where the person was before: in their account, or outside. */
async function turnBack(refusal: Refusal): Promise<never> {
  const session = await perform(readSession, {});
  const isIn = session.ok && session.value !== null;
  // To change one's mind is no error.
  const isNoError = refusal.code === "provider_cancelled";
  const at =
    isIn || refusal.code === "sign_in_required"
      ? "/account/methods"
      : withNext(isNoError ? "/sign-in" : "/sign-in/problem", refusal.next ?? "");
  return isNoError ? sayDone(at, "provider_cancelled", refusal.provider) : sayNo(at, refusal);
}
