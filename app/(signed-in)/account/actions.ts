"use server";

import { signOut } from "@/lib/flows/sessions/sign-out";
import { redirectWithNotice, redirectWithError } from "@/lib/web/flash";
import { runForRequest } from "@/lib/web/run-for-request";

export async function submitSignOut(form: FormData): Promise<void> {
  const result = await runForRequest(signOut, {}, { form });
  // A user who was signed out meanwhile has what they wanted.
  if (result.ok || result.refusal.code === "sign_in_required")
    await redirectWithNotice("/sign-in", "signed_out");
  else await redirectWithError("/account", result.refusal);
}
