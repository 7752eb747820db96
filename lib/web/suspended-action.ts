import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { z } from "zod";
import type { Session } from "@/lib/store/sessions";
import { getWorld } from "@/lib/runtime/world";
import { lifetimes } from "@/lib/core/policy";
import { seal } from "@/lib/core/crypto";
import { readSealed } from "./cookies";
import { signedInBy } from "./incoming-request";
import { writeCookie } from "./next-cookies";
import { stepUpPath } from "./redirects";
import { readRequest } from "./request";

/** Forms that step-up may interrupt, by the flow they run. */
const sensitiveActionNames = [
  "password.set",
  "password.remove",
  "oauth.start_linking",
  "auth_provider.link",
  "auth_provider.confirm",
  "auth_provider.unlink",
] as const;
export type SensitiveAction = (typeof sensitiveActionNames)[number];

const schema = z.object({
  id: z.string().min(1),
  flow: z.enum(sensitiveActionNames),
  input: z.record(z.string(), z.unknown()),
  sessionId: z.string(),
});

/** A form as it was sent, waiting for the proof that lets it through. */
export type SuspendedAction = Pick<z.output<typeof schema>, "flow" | "input">;

// Browsers keep no larger cookie. Only a password of a thousand characters comes near, and is typed again.
const maxCookieBytes = 3_800;

/**
 * A form was refused with `step_up_required`: stores it, sealed and for this session alone, under an
 * id of its own, and goes on to the page that asks for the proof of that id. `back` is the page where
 * the person can begin again. Never returns.
 */
export async function suspendAction(
  { flow, input }: SuspendedAction,
  back: string,
): Promise<never> {
  const { env, random } = getWorld();
  const session = await (await readRequest()).requestContext.readSession();
  const id = random.token();
  const stored = { id, flow, input, sessionId: session?.id ?? "" };
  // What the page that asks said of another proof is not about this one.
  await writeCookie(env, "flash", null, lifetimes.flash);
  const sealed = seal(env.outboxKey, JSON.stringify(stored));
  if (sealed.length >= maxCookieBytes) redirect(stepUpPath(back));
  await writeCookie(env, "suspended_action", sealed, lifetimes.suspendedAction);
  redirect(stepUpPath(back, id));
}

/**
 * The form with this id that waits for a proof of the session's, for the page that names it. Null when
 * it waits no more: it was carried out, cancelled or replaced, its time is over, or it is another
 * session's.
 */
export async function findSuspendedAction(id: string): Promise<SuspendedAction | null> {
  return find(id, await (await readRequest()).requestContext.readSession());
}

/**
 * The same after the proof, and forgets it. `renewed` is the session's token since then. Another form
 * than that of `id` goes on waiting for a proof of its own.
 */
export async function resumeAction(id: string, renewed: string): Promise<SuspendedAction | null> {
  const found = await find(id, await signedInBy(getWorld(), renewed).readSession());
  if (found) await forget();
  return found;
}

/** Forgets the form with this id, which its person no longer wants to be carried out. */
export async function cancelSuspendedAction(id: string): Promise<void> {
  if (await findSuspendedAction(id)) await forget();
}

const forget = () =>
  writeCookie(getWorld().env, "suspended_action", null, lifetimes.suspendedAction);

async function find(id: string, session: Session | null): Promise<SuspendedAction | null> {
  const header = (await headers()).get("cookie");
  const { data } = schema.safeParse(readSealed(header, getWorld().env, "suspended_action"));
  return data && data.id === id && data.sessionId === session?.id ? data : null;
}
