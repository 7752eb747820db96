"use server";

import { clearLimits } from "@/lib/flows/mailbox/clear-limits";
import { sayDone, sayNo } from "@/lib/web/flash";
import { perform } from "@/lib/web/run-for-request";

export async function clearAllLimits(): Promise<void> {
  const result = await perform(clearLimits, {});
  if (result.ok) await sayDone("/mailbox", "limits_cleared");
  else await sayNo("/mailbox", result.refusal);
}
