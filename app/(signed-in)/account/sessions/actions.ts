"use server";

import { revokeOtherSessions } from "@/lib/flows/sessions/revoke-other-sessions";
import { revokeSession } from "@/lib/flows/sessions/revoke-session";
import { sayDone, sayNo } from "@/lib/web/flash";
import { fields, perform } from "@/lib/web/run-for-request";

const sessionsPage = "/account/sessions";

export async function signOutDevice(form: FormData): Promise<void> {
  const result = await perform(revokeSession, fields(form), { form });
  if (!result.ok) await sayNo(sessionsPage, result.refusal);
  else if (result.value.current) await sayDone("/sign-in", "signed_out");
  else await sayDone(sessionsPage, "session_signed_out");
}

export async function signOutOthers(form: FormData): Promise<void> {
  const result = await perform(revokeOtherSessions, {}, { form });
  if (result.ok) await sayDone(sessionsPage, "others_signed_out");
  else await sayNo(sessionsPage, result.refusal);
}
