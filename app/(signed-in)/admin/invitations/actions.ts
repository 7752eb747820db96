"use server";

import { sensitiveActions } from "@/app/(signed-in)/account/sensitive-actions";
import { fields } from "@/lib/web/run-for-request";

export async function submitInvitation(form: FormData): Promise<void> {
  await sensitiveActions["invitation.send"](fields(form), form);
}

export async function submitInvitationCancellation(form: FormData): Promise<void> {
  await sensitiveActions["invitation.cancel"](fields(form), form);
}
