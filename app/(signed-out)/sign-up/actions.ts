"use server";

import { redirect } from "next/navigation";
import { requestSignUp } from "@/lib/flows/sign-up/request-sign-up";
import { resendSignUpCode } from "@/lib/flows/sign-up/resend-sign-up-code";
import { verifySignUp } from "@/lib/flows/sign-up/verify-sign-up";
import { redirectWithError } from "@/lib/web/flash";
import { fields, runForRequest } from "@/lib/web/run-for-request";
import { redirectToNext, withNext } from "@/lib/web/redirects";
import { safeNext } from "@/lib/web/safe-next";
import { redirectToWaitingPage } from "../waiting-page";

const pending = "/verify-email";

export async function signUp(form: FormData): Promise<void> {
  const input = { ...fields(form), next: safeNext(form.get("next")) };
  const result = await runForRequest(requestSignUp, input);
  if (result.ok) redirect(`${pending}?asked`);
  const { refusal } = result;
  if (refusal.code === "resend_too_soon") return redirectToWaitingPage("sign_up", refusal, form);
  const typed = { email: form.get("email"), remember: form.get("remember") };
  await redirectWithError(withNext("/sign-up", input.next), refusal, typed);
}

export async function resendCode(form: FormData): Promise<void> {
  const result = await runForRequest(resendSignUpCode, fields(form));
  if (result.ok) redirect(`${pending}?asked`);
  await redirectToWaitingPage("sign_up", result.refusal, form);
}

export async function submitSignUpCode(form: FormData): Promise<void> {
  const result = await runForRequest(verifySignUp, fields(form));
  if (result.ok) redirectToNext(result.value.next);
  await redirectToWaitingPage("sign_up", result.refusal, form);
}
