"use server";

import { restoreAccount } from "@/lib/flows/deletion/restore-account";
import { redirectWithError, redirectWithNotice } from "@/lib/web/flash";
import { runForRequest } from "@/lib/web/run-for-request";

export async function submitRestoration(form: FormData): Promise<void> {
  const result = await runForRequest(restoreAccount, {}, { form });
  if (result.ok) await redirectWithNotice("/account", "account_restored");
  else await redirectWithError("/account/restore", result.refusal);
}
