import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { row, rows } from "@/db/rows";
import { Browser } from "@/test/support/browser";
import { runDuringCommitOf } from "@/test/support/interleave";
import { setUpWorld } from "@/test/support/setup";
import { testEnv, testKeys, type TestWorld } from "@/test/support/world";
import {
  isBudgetUsed,
  leaseDueLetters,
  lettersQueued,
  markSent,
  queuedMail,
  storeRendered,
} from "@/lib/store/outbox";
import type { Identifier } from "@/lib/core/identifier";
import { intervals, lifetimes } from "@/lib/core/policy";
import { deliverDueLetters } from "./courier";
import type { Mailer, Message } from "./mailer";

const world = await setUpWorld();
const ada = "ada@example.com";

interface Kept {
  id: string;
  state: string;
  reason: string | null;
  payload: string | null;
  rendered: string | null;
  attempts: number;
}
const saved = (where: TestWorld = world) =>
  rows<Kept>(
    where.db,
    sql`select id, state, reason, payload, rendered, attempts from outbox order by created_at`,
  );

/** Seconds until the next attempt for the only email. */
const pause = async (where: TestWorld) =>
  (await row<{ pause: number }>(
    where.db,
    sql`select extract(epoch from next_attempt_at - now())::int as pause from outbox`,
  ))!.pause;

/** A mailer that cannot reach its provider, and records what it should have sent. */
const failing = (tried: Message[] = []): Mailer => {
  return (message) => {
    tried.push(message);
    return Promise.resolve({ sent: false, reason: "refused" });
  };
};

/** Queues an email that somebody signed in has caused. */
const queueNotice = () =>
  world.writeDirectly((tx) => {
    const at = new Date().toISOString();
    const to = ada as Identifier;
    const letter = { kind: "password_removed", to, browser: "firefox/linux", at } as const;
    const queued = lettersQueued(world.env.outboxKey, [{ letter, withheld: null }]);
    return tx.execute(sql`with ${queued} select`);
  });

describe("emails in the database", () => {
  test("a waiting email is sealed: its token, code and address cannot be read", async () => {
    await new Browser(world).requestLink(ada);
    const [queued] = await saved();
    await deliverDueLetters(world, failing());
    const [tried] = await saved();
    await world.advance(intervals.emailRetries[0]);
    const { token, code } = await world.letterTo(ada);
    for (const text of [queued!.payload, tried!.payload, tried!.rendered]) {
      expect(text).toMatch(/^[\w-]{100,}$/);
      const plain = Buffer.from(text!, "base64url").toString("latin1");
      for (const secret of [token, code, ada, "example.com"]) {
        expect(text).not.toContain(secret);
        expect(plain).not.toContain(secret);
      }
    }
  });

  test("sent and withheld emails are erased", async () => {
    for (let i = 0; i < 4; i += 1) await new Browser(world).requestLink(ada);
    await world.deliver();
    const erased = { payload: null, rendered: null };
    expect(await saved()).toMatchObject([
      { state: "sent", ...erased },
      { state: "sent", ...erased },
      { state: "sent", ...erased },
      { state: "dead", reason: "over_limit", ...erased },
    ]);
  });

  test("emails sealed with the previous OUTBOX_KEY are still sent", async () => {
    await new Browser(world).requestLink(ada);
    await new Browser(world).requestLink("leo@example.com");
    const rotated = world.with({
      env: testEnv({ OUTBOX_KEY: testKeys.nextOutbox, OUTBOX_KEY_PREVIOUS: testKeys.outbox }),
    });
    await deliverDueLetters(rotated, failing());
    await world.advance(intervals.emailRetries[0]);
    expect((await rotated.deliver()).map(({ to }) => to).sort()).toEqual([ada, "leo@example.com"]);
  });
});

test("the queue reports how many emails wait, and how long the oldest has", async () => {
  expect(await queuedMail(world.db)).toEqual({ count: 0, oldestSeconds: 0 });
  await new Browser(world).requestLink(ada);
  await new Browser(world).requestLink("leo@example.com");
  await world.advance(400);
  const { count, oldestSeconds } = await queuedMail(world.db);
  expect(count).toBe(2);
  expect(oldestSeconds).toBeGreaterThanOrEqual(400);
  await world.deliver();
  expect(await queuedMail(world.db)).toEqual({ count: 0, oldestSeconds: 0 });
});

test("a courier that is late brings back nothing of an email that another one has sent", async () => {
  await new Browser(world).requestLink(ada);
  const [letter] = await saved();
  await markSent(world.db, letter!.id);
  await storeRendered(world.db, letter!.id, "rendered too late");
  expect(await saved()).toMatchObject([{ state: "sent", payload: null, rendered: null }]);
});

describe("retries", () => {
  test("every retry sends the same bytes, though clock, name and origin change", async () => {
    const tried: Message[] = [];
    await new Browser(world).requestLink(ada);
    await deliverDueLetters(world, failing(tried));
    await world.advance(120);
    const later = world.with({
      clock: { now: () => new Date(Date.UTC(2033, 1)) },
      env: testEnv({ APP_NAME: "Elsewhere", PORT: "4000" }),
    });
    await deliverDueLetters(later, failing(tried));
    await world.advance(120);
    tried.push(...(await world.deliver()));
    expect(tried).toHaveLength(3);
    expect(tried[1]).toEqual(tried[0]);
    expect(tried[2]).toEqual(tried[0]);
  });

  test("an email without a link is retried, too, and is sent in the end", async () => {
    await queueNotice();
    const tried: Message[] = [];
    await deliverDueLetters(world, failing(tried));
    expect(tried).toHaveLength(1);
    await world.advance(intervals.emailRetries[0]);
    expect(await world.deliver()).toEqual(tried);
  });

  test("the pauses grow, and the last one repeats (X3)", async () => {
    await world.withFrozenTime(async (world) => {
      await new Browser(world.with({ env: testEnv({ LINK_LIFETIME_MINUTES: "600" }) })).requestLink(
        ada,
      );
      const lasting = world.with({ env: testEnv({ LINK_LIFETIME_MINUTES: "600" }) });
      const pauses = [];
      for (let i = 0; i < 7; i += 1) {
        await deliverDueLetters(lasting, failing());
        const next = await pause(world);
        pauses.push(next);
        await world.advance(next - 1);
        const early: Message[] = [];
        await deliverDueLetters(lasting, failing(early));
        expect(early).toEqual([]);
        await world.advance(1);
      }
      expect(pauses).toEqual([
        ...intervals.emailRetries,
        ...Array<number>(2).fill(intervals.emailRetries.at(-1)!),
      ]);
    });
  });

  test("an email that was not tried for a day is marked dead as too late, and is erased", async () => {
    await new Browser(world).requestLink(ada);
    await world.advance(lifetimes.queuedEmail + 1);
    expect(await world.deliver()).toEqual([]);
    expect(await saved()).toMatchObject([
      { state: "dead", reason: "too_late", payload: null, rendered: null, attempts: 0 },
    ]);
    await world.advance(3600);
    expect(await world.deliver()).toEqual([]);
  });

  test("an email that keeps failing is given up, and is never sent after that", async () => {
    await new Browser(world).requestLink(ada);
    for (let i = 0; i < 60 && (await saved())[0]!.state === "queued"; i += 1) {
      await deliverDueLetters(world, failing());
      await world.advance(intervals.emailRetries.at(-1)!);
    }
    expect(await saved()).toMatchObject([{ state: "dead", reason: "too_late", payload: null }]);
    expect(await world.deliver()).toEqual([]);
  });

  test("an email may wait for its first attempt longer than its link lives, and its link still works (L1)", async () => {
    await world.withFrozenTime(async (world) => {
      const browser = new Browser(world);
      await browser.requestLink(ada);
      await world.advance(5 * 3600);
      const { token } = await world.letterTo(ada);
      await world.advance(3599);
      expect((await browser.openLink({ token })).ok).toBe(true);
    });
  });

  test("the lifetimes begin with the first attempt, and do not restart with the second (L1)", async () => {
    const ends = async (world: TestWorld) =>
      row(
        world.db,
        sql`select extract(epoch from expires_at - now())::int as link,
                   extract(epoch from code_expires_at - now())::int as code from verifications`,
      );
    await world.withFrozenTime(async (world) => {
      await new Browser(world).requestLink(ada);
      await world.advance(1000);
      await deliverDueLetters(world, failing());
      expect(await ends(world)).toEqual({ link: 3600, code: 600 });
      await world.advance(100);
      await world.deliver();
      expect(await ends(world)).toEqual({ link: 3500, code: 500 });
    });
  });

  test("sending an email does not reactivate a cancelled link", async () => {
    const browser = new Browser(world);
    await browser.requestLink(ada);
    await world.writeDirectly((tx) => tx.execute(sql`update verifications set voided_at = now()`));
    await world.deliver();
    expect(await rows(world.db, sql`select 1 from verifications where voided_at is null`)).toEqual(
      [],
    );
  });
});

describe("a courier that dies", () => {
  test("between leasing and sending: another courier sends the email after the lease", async () => {
    await new Browser(world).requestLink(ada);
    const [leased] = await leaseDueLetters(world.db, world.env.emailsPerHour);
    expect(await world.deliver()).toEqual([]);
    await world.advance(intervals.emailLease);
    const sent = await world.deliver();
    expect(sent.map(({ id }) => id)).toEqual([leased!.id]);
    expect(await saved()).toMatchObject([{ state: "sent", attempts: 2 }]);
  });

  test("between sending and recording: the email is sent again, with the same id and bytes (I5)", async () => {
    await new Browser(world).requestLink(ada);
    const dying: Mailer = async (message) => {
      await world.mailer(message);
      throw new Error("killed");
    };
    await deliverDueLetters(world, dying).catch(() => {});
    expect(await world.deliver()).toEqual([]);
    await world.advance(intervals.emailLease);
    await world.deliver();
    expect(world.sent).toHaveLength(2);
    expect(world.sent[1]).toEqual(world.sent[0]);
  });

  test("an email that cannot be decrypted does not block the others", async () => {
    await new Browser(world).requestLink("broken@example.com");
    await world.writeDirectly((tx) => tx.execute(sql`update outbox set payload = 'nonsense'`));
    for (let i = 0; i < 8; i += 1) await new Browser(world).requestLink(`person${i}@example.com`);
    await deliverDueLetters(world, world.mailer).catch(() => {});
    const sentByThen = world.sent.length;
    await expect.poll(() => world.sent.length).toBe(8);
    // Waiting for this round waits for all of it, as the worker does when it stops.
    expect(sentByThen).toBe(8);
  });
});

describe("concurrent couriers", () => {
  const many = async (count: number) => {
    for (let i = 0; i < count; i += 1)
      await new Browser(world).requestLink(`person${i}@example.com`);
  };

  test("two couriers lose no email and send none twice", async () => {
    await many(35);
    await Promise.all([
      deliverDueLetters(world, world.mailer),
      deliverDueLetters(world, world.mailer),
    ]);
    expect(world.sent).toHaveLength(35);
    expect(new Set(world.sent.map(({ id }) => id)).size).toBe(35);
    expect((await saved()).every(({ state, attempts }) => state === "sent" && attempts === 1)).toBe(
      true,
    );
  });

  test("a second courier leases nothing that the first one is still sending", async () => {
    await many(5);
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow: Mailer = async (message) => {
      await held;
      return world.mailer(message);
    };
    const first = deliverDueLetters(world, slow);
    await expect
      .poll(async () => (await saved()).filter(({ attempts }) => attempts > 0))
      .toHaveLength(5);
    expect(await world.deliver()).toEqual([]);
    release();
    await first;
    expect(world.sent).toHaveLength(5);
  });
});

describe("the hourly budget of emails", () => {
  const budgeted = (max: number) =>
    world.with({ env: testEnv({ EMAILS_PER_HOUR: String(max), EMAIL_REQUESTS_PER_IP: "1000" }) });
  const address = (n: number) => `user${n}@example.com`;
  const askedBy = async (where: TestWorld, from: number, to: number) => {
    for (let n = from; n <= to; n += 1) await new Browser(where).requestLink(address(n));
  };
  const addresses = (messages: readonly Message[]) => messages.map(({ to }) => to);
  const isUsed = (where: TestWorld) => isBudgetUsed(where.db, where.env.emailsPerHour);

  test("beyond it strangers' emails wait for the next hour, and none is lost (R5)", async () => {
    const three = budgeted(3);
    await askedBy(three, 1, 5);
    expect(addresses(await three.deliver())).toEqual([address(1), address(2), address(3)]);
    expect(await three.deliver()).toEqual([]);
    expect(await isUsed(three)).toBe(true);
    await world.advance(intervals.mailBudget - 60);
    expect(await three.deliver()).toEqual([]);
    await world.advance(61);
    expect(await isUsed(three)).toBe(false);
    expect(addresses(await three.deliver())).toEqual([address(4), address(5)]);
    expect(await saved()).toMatchObject(Array(5).fill({ state: "sent", attempts: 1 }));
    const [letter] = three.lettersTo(address(5));
    expect(await new Browser(three).openLink(letter!, address(5))).toMatchObject({ ok: true });
  });

  test("beyond it the emails of signed-in people are sent, and retries of what was begun", async () => {
    const two = budgeted(2);
    await askedBy(two, 1, 4);
    await deliverDueLetters(two, failing());
    await queueNotice();
    expect(addresses(await two.deliver())).toEqual([ada]);
    await world.advance(intervals.emailRetries[0]);
    expect(addresses(await two.deliver())).toEqual([address(1), address(2)]);
  });

  test("it is one budget for couriers that use it at the same moment", async () => {
    const seven = budgeted(7);
    await askedBy(seven, 1, 12);
    const lease = ({ db }: Pick<TestWorld, "db">) => db.transaction((tx) => leaseDueLetters(tx, 7));
    // The first has 7 letters, which nobody sees before it commits.
    const leased = await runDuringCommitOf(seven, lease, () => lease(seven));
    expect(leased.map(({ length }) => length)).toEqual([7, 0]);
  });

  test("an email that waits for it is given up after a day, as any other", async () => {
    const one = budgeted(1);
    await askedBy(one, 1, 2);
    await one.deliver();
    await world.advance(lifetimes.queuedEmail + 1);
    await askedBy(one, 3, 3);
    expect(addresses(await one.deliver())).toEqual([address(3)]);
    expect((await saved()).map(({ reason }) => reason)).toEqual([null, "too_late", null]);
  });

  test("the log warns when most of it is used: once, although the count falls and rises", async () => {
    const ten = budgeted(10);
    const warnings = () => world.logged.filter(({ event }) => event === "mail.budget");
    await askedBy(ten, 1, 7);
    await ten.deliver();
    expect(warnings()).toEqual([]);
    await askedBy(ten, 8, 8);
    await ten.deliver();
    expect(warnings()).toMatchObject([{ level: "warn", facts: { used: 8, of: 10 } }]);
    await askedBy(ten, 9, 12);
    await ten.deliver();
    await world.writeDirectly((tx) =>
      tx.execute(sql`update outbox set first_attempt_at = now() - interval '2 hours'
        where to_address in (${address(1)}, ${address(2)}, ${address(3)})`),
    );
    await ten.deliver();
    expect(warnings()).toHaveLength(1);
    await world.advance(intervals.mailBudget);
    await askedBy(ten, 13, 20);
    await ten.deliver();
    expect(warnings()).toHaveLength(2);
  });
});
