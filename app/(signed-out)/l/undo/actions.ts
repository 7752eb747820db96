"use server";

import { undoEmailChange } from "@/lib/flows/email-change/undo-email-change";
import { redirectWithError, redirectWithNotice } from "@/lib/web/flash";
import { linkFields, runForRequest } from "@/lib/web/run-for-request";

export async function submitEmailUndo(form: FormData): Promise<void> {
  const result = await runForRequest(undoEmailChange, linkFields(form));
  if (result.ok) return redirectWithNotice("/sign-in", "email_restored");
  const token = form.get("token");
  const at = typeof token === "string" && token ? `/l/undo/${encodeURIComponent(token)}` : "/l";
  await redirectWithError(at, result.refusal);
}
