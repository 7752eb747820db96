import type { World } from "@/lib/runtime/flow";
import {
  bury,
  keepRendered,
  markSent,
  retryLater,
  type TakenLetter,
  takeLetters,
} from "@/lib/store/outbox";
import type { Letter } from "@/lib/core/letters";
import { bounds } from "@/lib/core/policy";
import { open, seal } from "@/lib/core/crypto";
import type { Mailer, Message } from "./mailer";

type CourierWorld = Pick<World, "db" | "env" | "log" | "clock" | "isDatabaseAway">;

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
    const taken = await takeLetters(world.db);
    progress();
    const ends = await Promise.allSettled(taken.map((letter) => deliver(world, mailer, letter)));
    for (const [at, end] of ends.entries()) {
      if (end.status === "fulfilled") continue;
      if (world.isDatabaseAway(end.reason)) throw end.reason;
      // A letter that cannot be opened or drawn keeps none of the others back; its lease runs out.
      world.log.error("letter.failed", { letterId: taken[at]?.id, error: end.reason });
    }
    if (taken.length < bounds.outboxBatch) return;
    progress();
  }
}

async function deliver(world: CourierWorld, mailer: Mailer, taken: TakenLetter): Promise<void> {
  const { db, log } = world;
  const facts = { letterId: taken.id, attempt: taken.attempts };
  const message = await finalBytes(world, taken);
  const outcome = await mailer(message);
  if (outcome.sent) {
    await markSent(db, taken.id);
    log.info("letter.sent", facts);
  } else if ("refused" in outcome) {
    await bury(db, taken.id, "refused");
    log.error("letter.refused", { ...facts, reason: outcome.reason });
  } else {
    await retryLater(db, taken, outcome.retryAfter);
    log.warn("letter.delayed", { ...facts, reason: outcome.reason });
  }
}

/** The letter as first rendered; rendered and kept now if this is its first attempt (X3). */
async function finalBytes(world: CourierWorld, taken: TakenLetter): Promise<Message> {
  const { db, env, clock } = world;
  if (taken.rendered) return JSON.parse(open(env.outboxKey, taken.rendered)) as Message;
  const letter = JSON.parse(open(env.outboxKey, taken.payload)) as Letter;
  // Templates come with the first letter: React's renderer is large, and a start need not wait for it.
  const { renderLetter } = await import("@/emails");
  const content = await renderLetter(letter, {
    appName: env.appName,
    origin: env.origin.origin,
    supportEmail: env.supportEmail,
    lifetimes: env.lifetimes,
    now: clock.now(),
  });
  const date = clock.now().toISOString();
  const message: Message = { id: taken.id, from: env.mailFrom, to: letter.to, date, ...content };
  await keepRendered(db, taken.id, seal(env.outboxKey, JSON.stringify(message)));
  return message;
}
