"use server";

import { verifyEmailChange } from "@/lib/flows/email-change/verify-email-change";
import { redirectWithError, redirectWithNotice } from "@/lib/web/flash";
import { fields, runForRequest } from "@/lib/web/run-for-request";
import { sensitiveActions } from "../sensitive-actions";

export async function submitNewEmail(form: FormData): Promise<void> {
  await sensitiveActions["email_change.request"](fields(form), form);
}

export async function submitNewEmailCode(form: FormData): Promise<void> {
  const result = await runForRequest(verifyEmailChange, fields(form), { form });
  if (result.ok) return redirectWithNotice("/account/profile", "email_changed");
  const { code } = result.refusal;
  // The pending change is used up then, and its page would lead to the form.
  const at = code === "email_in_use" ? "/account/email" : "/account/email/check";
  await redirectWithError(at, result.refusal);
}
