"use server";

import { redeemSignInReport } from "@/lib/flows/reports/redeem-sign-in-report";
import { redeemAccessLink } from "@/lib/flows/access-links/redeem-access-link";
import { confirmStaffEmailChange } from "@/lib/flows/staff-email-change/confirm-staff-email-change";
import { stopEmailChangeByLink } from "@/lib/flows/staff-email-change/stop-email-change-by-link";
import { redirect } from "next/navigation";
import { cancelMagicLink } from "@/lib/flows/sign-in/cancel-magic-link";
import { redeemMagicLink } from "@/lib/flows/sign-in/redeem-magic-link";
import {
  redirectWithNotice,
  redirectWithError,
  redirectWithErrorAfterVerification,
} from "@/lib/web/flash";
import { linkFields, runForRequest } from "@/lib/web/run-for-request";
import { redirectAfterSignIn } from "@/lib/web/redirects";
import { tokenPath } from "./token-path";

export async function submitLink(form: FormData): Promise<void> {
  // The page has shown which user it signs out, if any.
  const result = await runForRequest(redeemMagicLink, linkFields(form), { form });
  if (result.ok) redirectAfterSignIn(result.value);
  await redirectWithErrorAfterVerification(linkPath(form), result.refusal);
}

/** Opens an account by a link from staff. The page has shown which user it signs out, if any. */
export async function submitAccessLink(form: FormData): Promise<void> {
  const result = await runForRequest(redeemAccessLink, linkFields(form), { form });
  if (result.ok) redirect("/account");
  await redirectWithError(tokenPath("/l/access", form), result.refusal);
}

export async function submitLinkCancellation(form: FormData): Promise<void> {
  const result = await runForRequest(cancelMagicLink, linkFields(form));
  if (result.ok) await redirectWithNotice("/sign-in", "request_cancelled");
  else await redirectWithError(linkPath(form), result.refusal);
}

export async function submitSignInReport(form: FormData): Promise<void> {
  const result = await runForRequest(redeemSignInReport, linkFields(form));
  if (result.ok) await redirectWithNotice("/l/reported", "sign_in_reported");
  else await redirectWithError(tokenPath("/l/report", form), result.refusal);
}

/** Enters the code of a change of the address that staff have started. */
export async function submitStaffEmailChange(form: FormData): Promise<void> {
  const result = await runForRequest(confirmStaffEmailChange, linkFields(form));
  if (result.ok) await redirectWithNotice("/sign-in", "email_change_confirmed");
  else await redirectWithError(tokenPath("/l/email", form), result.refusal);
}

export async function submitEmailChangeStop(form: FormData): Promise<void> {
  const result = await runForRequest(stopEmailChangeByLink, linkFields(form));
  if (result.ok) await redirectWithNotice("/sign-in", "email_change_stopped");
  else await redirectWithError(tokenPath("/l/stop", form), result.refusal);
}

/** The page of a sign-in link. */
const linkPath = (form: FormData) => tokenPath("/l", form);
