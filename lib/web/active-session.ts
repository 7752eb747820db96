import { redirect } from "next/navigation";
import { readSession } from "@/lib/flows/sessions/read-session";
import type { Session } from "@/lib/store/sessions";
import { restorePath } from "./redirects";
import { readOrRedirect } from "./run-for-request";

/**
 * The session of a page for signed-in users; null when there is none. One whose account will be erased
 * sees the page that restores it, and nothing else.
 */
export async function readActiveSession(here: string): Promise<Session | null> {
  const session = await readOrRedirect(readSession, here);
  if (session?.deletesAt) redirect(restorePath);
  return session;
}
