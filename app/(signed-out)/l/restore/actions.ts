"use server";

import { restoreByLink } from "@/lib/flows/deletion/restore-by-link";
import { redirectWithError, redirectWithNotice } from "@/lib/web/flash";
import { linkFields, runForRequest } from "@/lib/web/run-for-request";
import { tokenPath } from "../token-path";

export async function submitRestoreLink(form: FormData): Promise<void> {
  const result = await runForRequest(restoreByLink, linkFields(form));
  if (result.ok) return redirectWithNotice("/sign-in", "account_restored");
  await redirectWithError(tokenPath("/l/restore", form), result.refusal);
}
