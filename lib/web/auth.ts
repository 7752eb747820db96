import type { Session } from "next-auth";
import { readSession } from "@/lib/flows/sessions/read-session";
import { signOut as signOutFlow } from "@/lib/flows/sessions/sign-out";
import { asAuthSession } from "./auth-session";
import { runForRequest, readOrRedirect } from "./run-for-request";
import { redirectToNext } from "./redirects";

/**
 * Who is signed in, for pages and actions: null for nobody. One prepared statement, read once per
 * request. While the database is away the request goes on to `/unavailable`: nobody is taken for
 * signed out (S4).
 * @public
 */
export async function auth(): Promise<Session | null> {
  const session = await readOrRedirect(readSession, "/");
  return session && asAuthSession(session);
}

/**
 * Ends this browser's session and goes to `redirectTo`, a path of ours. Never returns.
 * @public
 */
export async function signOut({ redirectTo = "/sign-in" } = {}): Promise<never> {
  await runForRequest(signOutFlow, {}, { form: "adopters" });
  redirectToNext(redirectTo);
}
