import { redirect } from "next/navigation";
import { readSession } from "@/lib/flows/sessions/read-session";
import type { completeOAuth } from "@/lib/flows/oauth/complete-oauth";
import type { RefusalCode } from "@/lib/core/errors";
import type { Refusal } from "@/lib/core/result";
import { redirectWithNotice, redirectWithError } from "@/lib/web/flash";
import { runForRequest } from "@/lib/web/run-for-request";
import { redirectToNext, withNext } from "@/lib/web/redirects";

/** Leads on after a callback: to `next`, or to the page that asks what to do. Never returns. */
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

/** Failures of the provider, which have a page of their own. */
export const providerFailures: ReadonlySet<RefusalCode> = new Set([
  "provider_unavailable",
  "provider_failed",
]);

/** Shows a failure on the account page of a signed-in user, or on the sign-in page. Never returns. */
export async function redirectOAuthFailure(refusal: Refusal): Promise<never> {
  const session = await runForRequest(readSession, {});
  const isIn = session.ok && session.value !== null;
  // The callback of an attempt that has ended, opened again from the history: no error to them.
  if (isIn && refusal.code === "oauth_state_invalid" && refusal.cause === "unknown")
    return redirectWithNotice("/account", "already_signed_in");
  // Cancelling is no error.
  const isNoError = refusal.code === "provider_cancelled";
  const at =
    isIn || refusal.code === "sign_in_required"
      ? "/account/methods"
      : withNext(isNoError ? "/sign-in" : "/sign-in/problem", refusal.next ?? "");
  return isNoError
    ? redirectWithNotice(at, "provider_cancelled", refusal.provider)
    : redirectWithError(at, refusal);
}
