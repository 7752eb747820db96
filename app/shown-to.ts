import { readSession } from "@/lib/flows/sessions/read-session";
import { sayNo } from "@/lib/web/flash";
import { perform } from "@/lib/web/run-for-request";

/**
 * For an action that runs no flow: goes on only where the form's page showed whoever is signed in now.
 * Else the request ends with the sentence that says so.
 */
export async function onlyWhomItShowed(form: FormData): Promise<void> {
  const session = await perform(readSession, {}, { form });
  if (!session.ok) await sayNo("/account", session.refusal);
}
