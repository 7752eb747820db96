import { redirect } from "next/navigation";
import { readSession } from "@/lib/flows/sessions/read-session";
import type { completeOAuth } from "@/lib/flows/oauth/complete-oauth";
import type { OAuthProvider } from "@/lib/core/oauth-providers";
import type { Refusal } from "@/lib/core/result";
import { redirectWithNotice, redirectWithError } from "@/lib/web/flash";
import { redirectToProvider } from "@/lib/web/oauth-cookies";
import { runForRequest } from "@/lib/web/run-for-request";
import { redirectToNext, withNext } from "@/lib/web/redirects";

/** To a provider, once a flow has begun the trip. Never returns. */
export async function redirectToAuthorization(provider: OAuthProvider): Promise<never> {
  // Only who leaves needs Auth.js; the pages they leave from come without it.
  const { authorizationUrl } = await import("@/lib/web/authjs");
  const authorization = await authorizationUrl(provider);
  return authorization.ok
    ? redirectToProvider(provider, authorization.value.url)
    : redirectOAuthFailure(authorization.refusal);
}

/** Back from one: to where they wanted to go, or to the page that asks what they meant. Never returns. */
export async function redirectAfterOAuth(completed: Awaited<ReturnType<typeof completeOAuth.run>>) {
  if (!completed.ok) return redirectOAuthFailure(completed.refusal);
  const { provider, outcome, next } = completed.value;
  switch (outcome) {
    case "sign_in":
      return redirectToNext(next);
    case "ask_to_link":
      return redirect("/account/connect");
    case "ask_to_sign_in":
      return redirect("/sign-in/connect");
    case "ask_to_switch":
      return redirect("/sign-in/switch");
    case "already_linked":
      return redirectWithNotice("/account/methods", "provider_already_linked", provider);
  }
}

/** Told where the person was before: in their account, or outside. */
async function redirectOAuthFailure(refusal: Refusal): Promise<never> {
  const session = await runForRequest(readSession, {});
  const isIn = session.ok && session.value !== null;
  // To change one's mind is no error.
  const isNoError = refusal.code === "provider_cancelled";
  const at =
    isIn || refusal.code === "sign_in_required"
      ? "/account/methods"
      : withNext(isNoError ? "/sign-in" : "/sign-in/problem", refusal.next ?? "");
  return isNoError
    ? redirectWithNotice(at, "provider_cancelled", refusal.provider)
    : redirectWithError(at, refusal);
}
