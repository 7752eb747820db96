import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { z } from "zod";
import { theWorld } from "@/lib/outside/world";
import { lifetimes } from "@/lib/policy";
import { seal } from "@/lib/secret";
import { readCookie, readSealed, writeCookie } from "./cookies";
import { provePath } from "./perform";
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
  flow: z.enum(interruptible),
  input: z.record(z.string(), z.unknown()),
  sessionId: z.string(),
});

/** A form as it was sent, waiting for the proof that lets it through. */
export type Interrupted = Pick<z.output<typeof schema>, "flow" | "input">;

// Browsers keep no larger cookie. Only a password of a thousand characters comes near, and is typed again.
const roomInCookie = 3_800;

/**
 * A form was refused with `step_up_required`: keeps it, sealed and for this session alone, and goes
 * on to the page that asks for the proof; from there `back` is where to go if nothing was kept. Never
 * returns.
 */
export async function interrupt({ flow, input }: Interrupted, back: string): Promise<never> {
  const { env } = theWorld();
  const session = await (await readRequest()).evidence.readSession();
  const kept = seal(env.outboxKey, JSON.stringify({ flow, input, sessionId: session?.id ?? "" }));
  if (kept.length < roomInCookie)
    await writeCookie(env, "interrupted", kept, lifetimes.interruptedForm);
  redirect(provePath(back));
}

/**
 * The form that waited for this session's proof, once: it is forgotten with this. `renewed` is the
 * session's token since the proof. Null when none waits.
 */
export async function takeInterrupted(renewed: string): Promise<Interrupted | null> {
  const { env } = theWorld();
  const header = (await headers()).get("cookie");
  if (readCookie(header, env, "interrupted") === null) return null;
  await writeCookie(env, "interrupted", null, lifetimes.interruptedForm);
  const session = await signedInBy(renewed).readSession();
  const opened = schema.safeParse(readSealed(header, env, "interrupted"));
  const isMine = opened.success && session !== null && opened.data.sessionId === session.id;
  return isMine ? opened.data : null;
}
