import type { KeyedLimit, World } from "@/lib/runtime/ports";
import {
  markDead,
  storeRendered,
  markSent,
  reschedule,
  type LeasedLetter,
  leaseDueLetters,
} from "@/lib/store/outbox";
import type { Letter } from "@/lib/core/letters";
import { bounds, intervals } from "@/lib/core/policy";
import { unseal, seal } from "@/lib/core/crypto";
import type { Mailer, Message } from "./mailer";
import { postgresLimiter } from "./postgres-limiter";

type CourierWorld = Pick<
  World,
  "db" | "env" | "log" | "clock" | "isDatabaseUnavailable" | "metrics"
>;

/**
 * Sends the due letters of the outbox until none is due. Several couriers may run at once, because each
 * letter is leased to one of them. Calls `progress` after each step; it may throw to stop. Once
 * `isStopping`, leases no further letters, and resolves when those at the mail server are through. Throws
 * when the database is unavailable.
 */
export async function deliverDueLetters(
  world: CourierWorld,
  mailer: Mailer,
  progress: () => void = () => {},
  isStopping: () => boolean = () => false,
): Promise<void> {
  for (;;) {
    const leased = await leaseDueLetters(world.db, world.env.emailsPerHour);
    progress();
    await warnOfBudget(world, leased);
    const ends = await Promise.allSettled(leased.map((letter) => deliver(world, mailer, letter)));
    for (const [at, end] of ends.entries()) {
      if (end.status === "fulfilled") continue;
      if (world.isDatabaseUnavailable(end.reason)) throw end.reason;
      // A letter that cannot be decrypted or rendered must not stop the others. Its lease expires.
      world.log.error("letter.failed", { letterId: leased[at]?.id, error: end.reason });
    }
    if (leased.length < bounds.outboxBatch || isStopping()) return;
    progress();
  }
}

/** A budget that is used at its threshold would be reported with each letter. */
const budgetWarnings: KeyedLimit = {
  limit: { rule: "mail_budget_warnings", max: 1, per: intervals.mailBudget },
  keyHash: "all",
  effect: "reject",
};

/** Warns when these letters are those that use most of the budget: one process does, and once (R5). */
async function warnOfBudget({ db, env, log }: CourierWorld, leased: readonly LeasedLetter[]) {
  const before = leased[0]?.startedBefore ?? 0;
  const used = before + leased.filter(({ attempts }) => attempts === 1).length;
  const threshold = env.emailsPerHour * bounds.mailBudgetWarning;
  if (before >= threshold || used < threshold) return;
  const [granted] = await postgresLimiter(db).consume([budgetWarnings]);
  if (!granted?.ok) return;
  log.warn("mail.budget", {
    used,
    of: env.emailsPerHour,
    help: "Beyond EMAILS_PER_HOUR, emails that people ask for without being signed in wait until earlier ones are an hour old. Raise it if these are real people, and if the mail provider allows more.",
  });
}

/** One attempt. When the mail server does not take the letter, `reschedule` says when the next one is. */
async function deliver(world: CourierWorld, mailer: Mailer, leased: LeasedLetter): Promise<void> {
  const { db, log, metrics } = world;
  const facts = { letterId: leased.id, attempt: leased.attempts };
  const message = await renderOnce(world, leased);
  const outcome = await mailer(message);
  if (outcome.sent) {
    await markSent(db, leased.id);
    metrics.letterEnded("sent");
    log.info("letter.sent", facts);
  } else if ("refused" in outcome) {
    await markDead(db, leased.id, "refused");
    metrics.letterEnded("refused");
    log.error("letter.refused", { ...facts, reason: outcome.reason });
  } else {
    await reschedule(db, leased, outcome.retryAfter);
    metrics.letterEnded("delayed");
    log.warn("letter.delayed", { ...facts, reason: outcome.reason });
  }
}

/** The letter as first rendered. The first attempt renders and stores it (X3). */
async function renderOnce(world: CourierWorld, leased: LeasedLetter): Promise<Message> {
  const { db, env, clock } = world;
  if (leased.rendered) return JSON.parse(unseal(env.outboxKey, leased.rendered)) as Message;
  const letter = JSON.parse(unseal(env.outboxKey, leased.payload)) as Letter;
  // Loaded with the first letter: React's renderer is large and would delay the start.
  const { renderLetter } = await import("@/emails");
  const content = await renderLetter(letter, {
    appName: env.appName,
    locale: env.locale,
    origin: env.origin.origin,
    supportEmail: env.supportEmail,
    methods: env.methods,
    lifetimes: env.lifetimes,
    now: clock.now(),
  });
  const date = clock.now().toISOString();
  const message: Message = { id: leased.id, from: env.mailFrom, to: letter.to, date, ...content };
  await storeRendered(db, leased.id, seal(env.outboxKey, JSON.stringify(message)));
  return message;
}
