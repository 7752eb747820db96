"use server";

import { sensitiveActions } from "@/app/(signed-in)/account/sensitive-actions";
import { fields } from "@/lib/web/run-for-request";

export async function submitUserSignOut(form: FormData): Promise<void> {
  await sensitiveActions["user.revoke_sessions"](fields(form), form);
}

export async function sendAccessLink(form: FormData): Promise<void> {
  await sensitiveActions["access_link.issue"](fields(form), form);
}

export async function voidAccessLink(form: FormData): Promise<void> {
  await sensitiveActions["access_link.cancel"](fields(form), form);
}

export async function startEmailChange(form: FormData): Promise<void> {
  await sensitiveActions["staff_email_change.start"](fields(form), form);
}

export async function cancelEmailChange(form: FormData): Promise<void> {
  await sensitiveActions["staff_email_change.cancel"](fields(form), form);
}

export async function submitDisabling(form: FormData): Promise<void> {
  await sensitiveActions["user.disable"](fields(form), form);
}

export async function submitEnabling(form: FormData): Promise<void> {
  await sensitiveActions["user.enable"](fields(form), form);
}

export async function submitRole(form: FormData): Promise<void> {
  await sensitiveActions["user.change_role"](fields(form), form);
}
