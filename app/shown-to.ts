import { readSession } from "@/lib/flows/sessions/read-session";
import { redirectWithError } from "@/lib/web/flash";
import { runForRequest } from "@/lib/web/run-for-request";

/**
 * For an action that runs no flow: ends the request with an error unless the form's page showed the
 * user who is signed in now.
 */
export async function requireShownUser(form: FormData): Promise<void> {
  const session = await runForRequest(readSession, {}, { form });
  if (!session.ok) await redirectWithError("/account", session.refusal);
}
