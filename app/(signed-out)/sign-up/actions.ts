"use server";

import { redirect } from "next/navigation";
import { requestSignUp } from "@/lib/flows/sign-up/request-sign-up";
import { resendSignUpCode } from "@/lib/flows/sign-up/resend-sign-up-code";
import { verifySignUp } from "@/lib/flows/sign-up/verify-sign-up";
import { sayNo, sayNoAfterProof } from "@/lib/web/flash";
import { fields, perform } from "@/lib/web/run-for-request";
import { goOn, safeNext, withNext } from "@/lib/web/redirects";

const waiting = "/verify-email";

export async function signUp(form: FormData): Promise<void> {
  const input = { ...fields(form), next: safeNext(form.get("next")) };
  const result = await perform(requestSignUp, input);
  if (result.ok) redirect(`${waiting}?asked`);
  const { refusal } = result;
  const back = withNext("/sign-up", input.next);
  const typed = { email: form.get("email"), keep: form.get("keep") };
  await sayNo(refusal.code === "resend_too_soon" ? waiting : back, refusal, typed);
}

export async function resendCode(form: FormData): Promise<void> {
  const result = await perform(resendSignUpCode, fields(form));
  if (result.ok) redirect(`${waiting}?asked`);
  await sayNo(waiting, result.refusal);
}

export async function typeSignUpCode(form: FormData): Promise<void> {
  const result = await perform(verifySignUp, fields(form));
  if (result.ok) goOn(result.value.next);
  await sayNoAfterProof(waiting, result.refusal);
}
