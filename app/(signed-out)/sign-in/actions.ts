"use server";

import { redirect } from "next/navigation";
import { redeemEmailCode } from "@/lib/flows/sign-in/redeem-email-code";
import { requestMagicLink } from "@/lib/flows/sign-in/request-magic-link";
import { sayNo } from "@/lib/web/flash";
import { fields, perform } from "@/lib/web/perform";
import { goOn, safeNext } from "@/lib/web/redirects";

export async function askForLink(form: FormData): Promise<void> {
  const input = { ...fields(form), next: safeNext(form.get("next")) };
  const result = await perform(requestMagicLink, input);
  if (result.ok) redirect("/sign-in/check?asked");
  const { refusal } = result;
  const at = refusal.code === "resend_too_soon" ? "/sign-in/check" : signInPath(input.next);
  await sayNo(at, refusal, { email: form.get("email") });
}

const signInPath = (next: string) => `/sign-in?next=${encodeURIComponent(next)}`;

export async function typeCode(form: FormData): Promise<void> {
  const result = await perform(redeemEmailCode, fields(form));
  if (result.ok) goOn(result.value.next);
  const { refusal } = result;
  const proven = refusal.code === "account_disabled" || refusal.code === "sign_up_closed";
  await sayNo(proven ? "/sign-in/problem" : "/sign-in/check", refusal);
}
