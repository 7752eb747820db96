import type { World } from "@/lib/runtime/ports";
import {
  markDead,
  storeRendered,
  markSent,
  reschedule,
  type LeasedLetter,
  leaseDueLetters,
} from "@/lib/store/outbox";
import type { Letter } from "@/lib/core/letters";
import { bounds } from "@/lib/core/policy";
import { unseal, seal } from "@/lib/core/crypto";
import type { Mailer, Message } from "./mailer";

type CourierWorld = Pick<World, "db" | "env" | "log" | "clock" | "isDatabaseUnavailable">;

/**
 * Takes due letters from the outbox and hands them to the mailer, until none are due. Any number of
 * couriers may work at once: each letter is one's own until sent, or until its lease ends. `progress`
 * is told of each step, and throws where no other one is wanted.
 */
export async function deliverDueLetters(
  world: CourierWorld,
  mailer: Mailer,
  progress: () => void = () => {},
): Promise<void> {
  for (;;) {
    const leased = await leaseDueLetters(world.db);
    progress();
    const ends = await Promise.allSettled(leased.map((letter) => deliver(world, mailer, letter)));
    for (const [at, end] of ends.entries()) {
      if (end.status === "fulfilled") continue;
      if (world.isDatabaseUnavailable(end.reason)) throw end.reason;
      // A letter that cannot be opened or drawn keeps none of the others back; its lease runs out.
      world.log.error("letter.failed", { letterId: leased[at]?.id, error: end.reason });
    }
    if (leased.length < bounds.outboxBatch) return;
    progress();
  }
}

async function deliver(world: CourierWorld, mailer: Mailer, leased: LeasedLetter): Promise<void> {
  const { db, log } = world;
  const facts = { letterId: leased.id, attempt: leased.attempts };
  const message = await renderOnce(world, leased);
  const outcome = await mailer(message);
  if (outcome.sent) {
    await markSent(db, leased.id);
    log.info("letter.sent", facts);
  } else if ("refused" in outcome) {
    await markDead(db, leased.id, "refused");
    log.error("letter.refused", { ...facts, reason: outcome.reason });
  } else {
    await reschedule(db, leased, outcome.retryAfter);
    log.warn("letter.delayed", { ...facts, reason: outcome.reason });
  }
}

/** The letter as first rendered; rendered and kept now if this is its first attempt (X3). */
async function renderOnce(world: CourierWorld, leased: LeasedLetter): Promise<Message> {
  const { db, env, clock } = world;
  if (leased.rendered) return JSON.parse(unseal(env.outboxKey, leased.rendered)) as Message;
  const letter = JSON.parse(unseal(env.outboxKey, leased.payload)) as Letter;
  // Templates come with the first letter: React's renderer is large, and a start need not wait for it.
  const { renderLetter } = await import("@/emails");
  const content = await renderLetter(letter, {
    appName: env.appName,
    locale: env.locale,
    origin: env.origin.origin,
    supportEmail: env.supportEmail,
    lifetimes: env.lifetimes,
    now: clock.now(),
  });
  const date = clock.now().toISOString();
  const message: Message = { id: leased.id, from: env.mailFrom, to: letter.to, date, ...content };
  await storeRendered(db, leased.id, seal(env.outboxKey, JSON.stringify(message)));
  return message;
}
