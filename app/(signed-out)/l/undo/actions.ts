"use server";

import { undoEmailChange } from "@/lib/flows/email-change/undo-email-change";
import { redirectWithError, redirectWithNotice } from "@/lib/web/flash";
import { linkFields, runForRequest } from "@/lib/web/run-for-request";
import { tokenPath } from "../token-path";

export async function submitEmailUndo(form: FormData): Promise<void> {
  const result = await runForRequest(undoEmailChange, linkFields(form));
  if (result.ok) return redirectWithNotice("/sign-in", "email_restored");
  await redirectWithError(tokenPath("/l/undo", form), result.refusal);
}
