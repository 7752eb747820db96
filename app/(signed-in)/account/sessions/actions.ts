"use server";

import { revokeOtherSessions } from "@/lib/flows/sessions/revoke-other-sessions";
import { revokeSession } from "@/lib/flows/sessions/revoke-session";
import { redirectWithNotice, redirectWithError } from "@/lib/web/flash";
import { fields, runForRequest } from "@/lib/web/run-for-request";

const sessionsPage = "/account/sessions";

export async function signOutDevice(form: FormData): Promise<void> {
  const result = await runForRequest(revokeSession, fields(form), { form });
  if (!result.ok) await redirectWithError(sessionsPage, result.refusal);
  else if (result.value.current) await redirectWithNotice("/sign-in", "signed_out");
  else await redirectWithNotice(sessionsPage, "session_signed_out");
}

export async function signOutOthers(form: FormData): Promise<void> {
  const result = await runForRequest(revokeOtherSessions, {}, { form });
  if (result.ok) await redirectWithNotice(sessionsPage, "others_signed_out");
  else await redirectWithError(sessionsPage, result.refusal);
}
