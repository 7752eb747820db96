"use server";

import { redirect } from "next/navigation";
import { redeemPasswordReset } from "@/lib/flows/password/redeem-password-reset";
import { redeemPasswordResetCode } from "@/lib/flows/password/redeem-password-reset-code";
import { requestPasswordReset } from "@/lib/flows/password/request-password-reset";
import { sayNo, sayNoAfterProof } from "@/lib/web/flash";
import { fields, perform } from "@/lib/web/run-for-request";
import { goOnProven } from "@/lib/web/redirects";

const waiting = "/password/check";

export async function askForReset(form: FormData): Promise<void> {
  const result = await perform(requestPasswordReset, fields(form));
  if (result.ok) redirect(`${waiting}?asked`);
  const { refusal } = result;
  const at = refusal.code === "resend_too_soon" ? waiting : "/password";
  await sayNo(at, refusal, { email: form.get("email") });
}

export async function resetByCode(form: FormData): Promise<void> {
  const result = await perform(redeemPasswordResetCode, fields(form));
  if (result.ok) goOnProven(result.value);
  await sayNoAfterProof(waiting, result.refusal);
}

export async function resetByLink(form: FormData): Promise<void> {
  const result = await perform(redeemPasswordReset, fields(form));
  if (result.ok) goOnProven(result.value);
  const token = form.get("token");
  const page = typeof token === "string" && token ? `/l/reset/${encodeURIComponent(token)}` : "/l";
  await sayNoAfterProof(page, result.refusal);
}
