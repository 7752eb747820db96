import { readSession } from "@/lib/flows/sessions/read-session";
import { redirectWithError } from "@/lib/web/flash";
import { runForRequest } from "@/lib/web/run-for-request";

/**
 * For an action that runs no flow: goes on only where the form's page showed whoever is signed in now.
 * Else the request ends with the sentence that says so.
 */
export async function requireShownUser(form: FormData): Promise<void> {
  const session = await runForRequest(readSession, {}, { form });
  if (!session.ok) await redirectWithError("/account", session.refusal);
}
