import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { z } from "zod";
import type { Session } from "@/lib/store/sessions";
import { getWorld } from "@/lib/runtime/world";
import { bounds } from "@/lib/core/policy";
import { seal } from "@/lib/core/crypto";
import { readSealed } from "./cookies";
import { contextOfSession } from "./incoming-request";
import { writeCookie } from "./next-cookies";
import { stepUpPath } from "./redirects";
import { readRequest } from "./request";

/** The forms that step-up may suspend, by the names of their flows. */
const sensitiveActionNames = [
  "email_change.request",
  "account.delete",
  "password.set",
  "password.remove",
  "oauth.start_linking",
  "auth_provider.link",
  "auth_provider.confirm",
  "auth_provider.unlink",
  "methods.unlock",
  "session.report",
  "user.revoke_sessions",
  "user.disable",
  "user.enable",
  "user.change_role",
  "pending_sign_up.resend",
  "outbox.send_test",
  "invitation.send",
  "invitation.cancel",
  "access_link.issue",
  "access_link.cancel",
  "staff_email_change.start",
  "staff_email_change.cancel",
] as const;
export type SensitiveAction = (typeof sensitiveActionNames)[number];

const schema = z.object({
  id: z.string().min(1),
  flow: z.enum(sensitiveActionNames),
  input: z.record(z.string(), z.unknown()),
  sessionId: z.string(),
});

/** A posted form that waits for step-up (A2). */
export type SuspendedAction = Pick<z.output<typeof schema>, "flow" | "input">;

/**
 * Stores a form that was refused with `step_up_required`, encrypted and for this session only, and
 * redirects to step-up for its id. `back` is the page of the form. A form of more than
 * `bounds.cookieBytes` is not stored, so the user fills it in again. Never returns.
 */
export async function suspendAction(
  { flow, input }: SuspendedAction,
  back: string,
): Promise<never> {
  const { env, random } = getWorld();
  const session = await (await readRequest()).requestContext.readSession();
  const id = random.token();
  const stored = { id, flow, input, sessionId: session?.id ?? "" };
  // A message about an earlier step-up does not apply to this one.
  await writeCookie(env, "flash", null);
  const sealed = seal(env.outboxKey, JSON.stringify(stored));
  if (sealed.length >= bounds.cookieBytes) redirect(stepUpPath(back));
  await writeCookie(env, "suspended_action", sealed);
  redirect(stepUpPath(back, id));
}

/**
 * The suspended form with this id. Null when it was completed, cancelled or replaced, has expired, or
 * belongs to another session.
 */
export async function findSuspendedAction(id: string): Promise<SuspendedAction | null> {
  return find(id, await (await readRequest()).requestContext.readSession());
}

/**
 * Returns the suspended form with this id after step-up, and deletes it. `renewed` is the session's new
 * token. A suspended form with another id is not changed.
 */
export async function resumeAction(id: string, renewed: string): Promise<SuspendedAction | null> {
  const found = await find(id, await contextOfSession(getWorld(), renewed).readSession());
  if (found) await forget();
  return found;
}

export async function cancelSuspendedAction(id: string): Promise<void> {
  if (await findSuspendedAction(id)) await forget();
}

const forget = () => writeCookie(getWorld().env, "suspended_action", null);

async function find(id: string, session: Session | null): Promise<SuspendedAction | null> {
  const header = (await headers()).get("cookie");
  const { data } = schema.safeParse(readSealed(header, getWorld().env, "suspended_action"));
  return data && data.id === id && data.sessionId === session?.id ? data : null;
}
