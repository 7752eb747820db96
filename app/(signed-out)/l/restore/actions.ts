"use server";

import { restoreByLink } from "@/lib/flows/deletion/restore-by-link";
import { redirectWithError, redirectWithNotice } from "@/lib/web/flash";
import { linkFields, runForRequest } from "@/lib/web/run-for-request";

export async function submitRestoreLink(form: FormData): Promise<void> {
  const result = await runForRequest(restoreByLink, linkFields(form));
  if (result.ok) return redirectWithNotice("/sign-in", "account_restored");
  const token = form.get("token");
  const at = typeof token === "string" && token ? `/l/restore/${encodeURIComponent(token)}` : "/l";
  await redirectWithError(at, result.refusal);
}
