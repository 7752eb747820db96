"use server";

import { sensitiveActions } from "@/app/(signed-in)/account/sensitive-actions";
import { fields } from "@/lib/web/run-for-request";

export async function submitTestEmail(form: FormData): Promise<void> {
  await sensitiveActions["outbox.send_test"](fields(form), form);
}
