"use server";

import { redirect } from "next/navigation";
import { redeemPasswordReset } from "@/lib/flows/password/redeem-password-reset";
import { redeemPasswordResetCode } from "@/lib/flows/password/redeem-password-reset-code";
import { requestPasswordReset } from "@/lib/flows/password/request-password-reset";
import {
  redirectWithError,
  redirectWithErrorAfterVerification,
  redirectWithNotice,
  redirectWithValues,
} from "@/lib/web/flash";
import { fields, linkFields, runForRequest } from "@/lib/web/run-for-request";
import { redirectToWaitingPage } from "../waiting-page";
import { tokenPath } from "../l/token-path";

/**
 * The account page says that the password is set; the page of methods, where providers wait to be confirmed.
 */
const confirmReset = ({ needsConfirmation }: { needsConfirmation?: true }) =>
  redirectWithNotice(needsConfirmation ? "/account/methods" : "/account", "password_set");

/** Continues on the reset page with the address typed so far. */
export async function continueWithReset(form: FormData): Promise<void> {
  await redirectWithValues("/password", { email: form.get("email") });
}

export async function submitResetRequest(form: FormData): Promise<void> {
  const result = await runForRequest(requestPasswordReset, fields(form));
  if (result.ok) redirect("/password/check?asked");
  const { refusal } = result;
  if (refusal.code === "resend_too_soon")
    return redirectToWaitingPage("password_reset", refusal, form);
  await redirectWithError("/password", refusal, { email: form.get("email") });
}

export async function resetByCode(form: FormData): Promise<void> {
  const result = await runForRequest(redeemPasswordResetCode, fields(form));
  if (result.ok) await confirmReset(result.value);
  else await redirectToWaitingPage("password_reset", result.refusal, form);
}

export async function resetByLink(form: FormData): Promise<void> {
  const result = await runForRequest(redeemPasswordReset, linkFields(form));
  if (result.ok) return confirmReset(result.value);
  await redirectWithErrorAfterVerification(tokenPath("/l/reset", form), result.refusal);
}
