"use server";

import { clearLimits } from "@/lib/flows/mailbox/clear-limits";
import { redirectWithNotice, redirectWithError } from "@/lib/web/flash";
import { runForRequest } from "@/lib/web/run-for-request";

export async function clearAllLimits(): Promise<void> {
  const result = await runForRequest(clearLimits, {});
  if (result.ok) await redirectWithNotice("/mailbox", "limits_cleared");
  else await redirectWithError("/mailbox", result.refusal);
}
