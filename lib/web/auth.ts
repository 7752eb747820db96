import type { Session } from "next-auth";
import { readSession } from "@/lib/flows/sessions/read-session";
import { signOut as signOutFlow } from "@/lib/flows/sessions/sign-out";
import { activeSession, asAuthSession } from "./auth-session";
import { runForRequest, readOrRedirect } from "./run-for-request";
import { redirectToNext } from "./redirects";

/**
 * The current session, for pages and actions; null when signed out. Runs one prepared statement per
 * request. Redirects to `/unavailable` when the database is unavailable, instead of treating the
 * user as signed out (S4).
 * @public
 */
export async function auth(): Promise<Session | null> {
  const session = activeSession(await readOrRedirect(readSession, "/"));
  return session && asAuthSession(session);
}

/**
 * Ends this browser's session and redirects to `redirectTo`, a path of this origin. Never returns.
 * @public
 */
export async function signOut({ redirectTo = "/sign-in" } = {}): Promise<never> {
  await runForRequest(signOutFlow, {}, { form: "adopters" });
  redirectToNext(redirectTo);
}
