"use server";

import { stopEmailChange } from "@/lib/flows/staff-email-change/stop-email-change";
import { updateProfile } from "@/lib/flows/profile/update-profile";
import { redirectWithError, redirectWithNotice } from "@/lib/web/flash";
import { fields, runForRequest } from "@/lib/web/run-for-request";

const path = "/account/profile";

/** Stops a change of the address that staff have started. */
export async function stopScheduledEmailChange(form: FormData): Promise<void> {
  const result = await runForRequest(stopEmailChange, fields(form), { form });
  if (result.ok) await redirectWithNotice(path, "email_change_stopped");
  else await redirectWithError(path, result.refusal);
}

export async function saveProfile(form: FormData): Promise<void> {
  const result = await runForRequest(updateProfile, fields(form), { form });
  if (result.ok) return redirectWithNotice(path, "profile_saved");
  const entered = { name: form.get("name"), timeZone: form.get("timeZone") };
  await redirectWithError(path, result.refusal, entered);
}
