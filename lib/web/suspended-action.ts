import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { z } from "zod";
import type { Session } from "@/lib/runtime/flow";
import { theWorld } from "@/lib/runtime/world";
import { lifetimes } from "@/lib/core/policy";
import { seal } from "@/lib/core/crypto";
import { readSealed, writeCookie } from "./cookies";
import { provePath } from "./redirects";
import { readRequest, signedInBy } from "./request";

/** Forms that step-up may interrupt, by the flow they run. */
const interruptible = [
  "password.set",
  "password.remove",
  "handshake.begin_link",
  "auth_provider.connect",
  "auth_provider.keep",
  "auth_provider.disconnect",
] as const;
export type Interruptible = (typeof interruptible)[number];

const schema = z.object({
  id: z.string().min(1),
  flow: z.enum(interruptible),
  input: z.record(z.string(), z.unknown()),
  sessionId: z.string(),
});

/** A form as it was sent, waiting for the proof that lets it through. */
export type Interrupted = Pick<z.output<typeof schema>, "flow" | "input">;

// Browsers keep no larger cookie. Only a password of a thousand characters comes near, and is typed again.
const roomInCookie = 3_800;

/**
 * A form was refused with `step_up_required`: stores it, sealed and for this session alone, under an
 * id of its own, and goes on to the page that asks for the proof of that id. `back` is the page where
 * the person can begin again. Never returns.
 */
export async function interrupt({ flow, input }: Interrupted, back: string): Promise<never> {
  const { env, chance } = theWorld();
  const session = await (await readRequest()).evidence.readSession();
  const id = chance.token();
  const stored = { id, flow, input, sessionId: session?.id ?? "" };
  // What the page that asks said of another proof is not about this one.
  await writeCookie(env, "flash", null, lifetimes.flash);
  const sealed = seal(env.outboxKey, JSON.stringify(stored));
  if (sealed.length >= roomInCookie) redirect(provePath(back));
  await writeCookie(env, "interrupted", sealed, lifetimes.interruptedForm);
  redirect(provePath(back, id));
}

/**
 * The form with this id that waits for a proof of the session's, for the page that names it. Null when
 * it waits no more: it was carried out, cancelled or replaced, its time is over, or it is another
 * session's.
 */
export async function findInterrupted(id: string): Promise<Interrupted | null> {
  return find(id, await (await readRequest()).evidence.readSession());
}

/**
 * The same after the proof, and forgets it. `renewed` is the session's token since then. Another form
 * than that of `id` goes on waiting for a proof of its own.
 */
export async function takeInterrupted(id: string, renewed: string): Promise<Interrupted | null> {
  const found = await find(id, await signedInBy(renewed).readSession());
  if (found) await forget();
  return found;
}

/** Forgets the form with this id, which its person no longer wants to be carried out. */
export async function cancelInterrupted(id: string): Promise<void> {
  if (await findInterrupted(id)) await forget();
}

const forget = () => writeCookie(theWorld().env, "interrupted", null, lifetimes.interruptedForm);

async function find(id: string, session: Session | null): Promise<Interrupted | null> {
  const header = (await headers()).get("cookie");
  const { data } = schema.safeParse(readSealed(header, theWorld().env, "interrupted"));
  return data && data.id === id && data.sessionId === session?.id ? data : null;
}
