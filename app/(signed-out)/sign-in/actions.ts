"use server";

import { redirect } from "next/navigation";
import { onlyWhomItShowed } from "@/app/shown-to";
import { arrive, setOut } from "@/app/oauth-redirects";
import { beginHandshake } from "@/lib/flows/oauth/start-oauth";
import { switchAccount } from "@/lib/flows/oauth/switch-account";
import { signInWithPassword } from "@/lib/flows/password/sign-in-with-password";
import { redeemEmailCode } from "@/lib/flows/sign-in/redeem-email-code";
import { requestMagicLink } from "@/lib/flows/sign-in/request-magic-link";
import { goOnTyping, sayDone, sayNo, sayNoAfterProof } from "@/lib/web/flash";
import { forgetParked, parkedToken } from "@/lib/web/oauth-cookies";
import { fields, perform } from "@/lib/web/run-for-request";
import { goOn, goOnProven, safeNext, withNext } from "@/lib/web/redirects";

export async function askForLink(form: FormData): Promise<void> {
  // From the password page it is the same form, with a field that is of no use here.
  form.delete("password");
  const input = { ...fields(form), next: safeNext(form.get("next")) };
  const result = await perform(requestMagicLink, input);
  if (result.ok) redirect("/sign-in/check?asked");
  const { refusal } = result;
  const at =
    refusal.code === "resend_too_soon" ? "/sign-in/check" : withNext("/sign-in", input.next);
  await sayNo(at, refusal, { email: form.get("email") });
}

export async function typeCode(form: FormData): Promise<void> {
  const result = await perform(redeemEmailCode, fields(form));
  if (result.ok) goOnProven(result.value);
  await sayNoAfterProof("/sign-in/check", result.refusal);
}

export async function continueWith(form: FormData): Promise<void> {
  const input = { ...fields(form), next: safeNext(form.get("next")) };
  const result = await perform(beginHandshake, input);
  if (result.ok) await setOut(result.value.provider);
  else await sayNo(withNext("/sign-in", input.next), result.refusal);
}

export async function switchTo(form: FormData): Promise<void> {
  await arrive(await perform(switchAccount, { parked: await parkedToken() }, { form }));
}

export async function stay(form: FormData): Promise<void> {
  await onlyWhomItShowed(form);
  await forgetParked();
  redirect("/account");
}

/** To the page with the password, what was typed so far filled in there. */
export async function goOnWithPassword(form: FormData): Promise<void> {
  const typed = { email: form.get("email"), keep: form.get("keep") };
  await goOnTyping(withNext("/sign-in/password", safeNext(form.get("next"))), typed);
}

export async function signInByPassword(form: FormData): Promise<void> {
  const input = { ...fields(form), next: safeNext(form.get("next")) };
  const result = await perform(signInWithPassword, input);
  if (result.ok) goOn(result.value.next);
  const { refusal } = result;
  // The right password of a sign-up that waits for its code, in the browser that began it.
  if (refusal.code === "sign_up_pending") await sayDone("/verify-email", "sign_up_pending");
  const typed = { email: form.get("email"), keep: form.get("keep") };
  await sayNo(withNext("/sign-in/password", input.next), refusal, typed);
}
