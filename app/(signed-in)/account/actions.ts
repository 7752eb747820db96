"use server";

import { signOut } from "@/lib/flows/sessions/sign-out";
import { sayDone, sayNo } from "@/lib/web/flash";
import { perform } from "@/lib/web/run-for-request";

export async function signOutHere(form: FormData): Promise<void> {
  const result = await perform(signOut, {}, { form });
  // Whoever was signed out meanwhile has what they wanted.
  if (result.ok || result.refusal.code === "sign_in_required")
    await sayDone("/sign-in", "signed_out");
  else await sayNo("/account", result.refusal);
}
