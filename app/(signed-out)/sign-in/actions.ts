"use server";

import { redirect } from "next/navigation";
import { requireShownUser } from "@/app/shown-to";
import { providerFailures, redirectAfterOAuth, redirectOAuthFailure } from "@/app/oauth-redirects";
import { previewOAuth } from "@/lib/flows/oauth/preview-oauth";
import { startOAuth } from "@/lib/flows/oauth/start-oauth";
import { switchAccount } from "@/lib/flows/oauth/switch-account";
import { signInWithPassword } from "@/lib/flows/password/sign-in-with-password";
import { redeemEmailCode } from "@/lib/flows/sign-in/redeem-email-code";
import { requestMagicLink } from "@/lib/flows/sign-in/request-magic-link";
import { redirectWithValues, redirectWithNotice, redirectWithError } from "@/lib/web/flash";
import {
  clearPendingIdentity,
  pendingIdentityToken,
  redirectToProvider,
} from "@/lib/web/oauth-cookies";
import { fields, runForRequest } from "@/lib/web/run-for-request";
import { redirectToNext, redirectAfterSignIn, withNext } from "@/lib/web/redirects";
import { safeNext } from "@/lib/web/safe-next";
import { redirectToWaitingPage } from "../waiting-page";

export async function submitLinkRequest(form: FormData): Promise<void> {
  // The form of the password page has a field that this flow does not accept.
  form.delete("password");
  const input = { ...fields(form), next: safeNext(form.get("next")) };
  const result = await runForRequest(requestMagicLink, input);
  if (result.ok) redirect("/sign-in/check?asked");
  const { refusal } = result;
  if (refusal.code === "resend_too_soon") return redirectToWaitingPage("magic_link", refusal, form);
  await redirectWithError(withNext("/sign-in", input.next), refusal, {
    email: form.get("email"),
    remember: form.get("remember"),
  });
}

export async function submitCode(form: FormData): Promise<void> {
  const result = await runForRequest(redeemEmailCode, fields(form));
  if (result.ok) redirectAfterSignIn(result.value);
  await redirectToWaitingPage("magic_link", result.refusal, form);
}

export async function submitProvider(form: FormData): Promise<void> {
  const input = { ...fields(form), next: safeNext(form.get("next")) };
  const result = await runForRequest(startOAuth, input);
  if (result.ok) await redirectToProvider(result.value.provider, result.value.url);
  else if (providerFailures.has(result.refusal.code)) await redirectOAuthFailure(result.refusal);
  else {
    const remember = form.get("remember");
    await redirectWithError(withNext("/sign-in", input.next), result.refusal, { remember });
  }
}

export async function submitAccountSwitch(form: FormData): Promise<void> {
  const pendingIdentity = await pendingIdentityToken();
  const result = await runForRequest(switchAccount, { pendingIdentity }, { form });
  // The form of the page from before a switch whose response was lost: the page offers it again.
  if (!result.ok && result.refusal.code === "sign_in_required") {
    const pending = await runForRequest(previewOAuth, { pendingIdentity });
    if (pending.ok && pending.value.isRepeatable) redirect("/sign-in/switch");
  }
  await redirectAfterOAuth(result);
}

export async function keepAccount(form: FormData): Promise<void> {
  await requireShownUser(form);
  await clearPendingIdentity();
  redirect("/account");
}

/** Continues on the password page with the values typed so far. */
export async function continueWithPassword(form: FormData): Promise<void> {
  const typed = { email: form.get("email"), remember: form.get("remember") };
  await redirectWithValues(withNext("/sign-in/password", safeNext(form.get("next"))), typed);
}

export async function signInByPassword(form: FormData): Promise<void> {
  const input = { ...fields(form), next: safeNext(form.get("next")) };
  const result = await runForRequest(signInWithPassword, input);
  if (result.ok) redirectToNext(result.value.next);
  const { refusal } = result;
  // The password of a sign-up that waits for its code, in the browser that started it.
  if (refusal.code === "sign_up_pending")
    await redirectWithNotice("/verify-email", "sign_up_pending");
  const typed = { email: form.get("email"), remember: form.get("remember") };
  await redirectWithError(withNext("/sign-in/password", input.next), refusal, typed);
}
