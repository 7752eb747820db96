"use server";

import { sensitiveActions } from "@/app/(signed-in)/account/sensitive-actions";
import { fields } from "@/lib/web/run-for-request";

export async function resendSignUp(form: FormData): Promise<void> {
  await sensitiveActions["pending_sign_up.resend"](fields(form), form);
}
