import { sql } from "drizzle-orm";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { row, rows } from "@/db/rows";
import { readWaiting } from "@/lib/flows/sign-in/read-pending-request";
import { isMailOverdue, isMailSlow, takeLetters } from "@/lib/store/outbox";
import { intervals, lifetimes } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { resendError, startResendFront } from "@/test/support/fake-resend";
import { setUpWorld } from "@/test/support/setup";
import { startSmtpSink } from "@/test/support/fake-smtp";
import { testEnv, type TestWorld } from "@/test/support/world";
import { deliverDueLetters } from "./courier";
import type { Mailer } from "./mailer";
import { resendMailer } from "./resend";
import { smtpMailer } from "./smtp";
import { startWorker } from "./worker";

/** What becomes of letters when providers and workers come and go (X3, I5). */

const world = await setUpWorld();
const sink = await startSmtpSink();
const front = await startResendFront();
const bySmtp = smtpMailer(sink.url, world.log);
const byResend = resendMailer(front.key, front.baseUrl);

afterEach(() => {
  sink.calm();
  front.calm();
});
afterAll(async () => {
  await sink.stop();
  await front.stop();
});

const ada = "ada@example.com";
const [firstPause] = intervals.letterRetries;
const down = resendError(503, "service_unavailable");

interface Kept {
  id: string;
  state: string;
  reason: string | null;
  attempts: number;
  payload: string | null;
  rendered: string | null;
}
const kept = (where: TestWorld = world) =>
  rows<Kept>(
    where.db,
    sql`select id, state, reason, attempts, payload, rendered from outbox order by created_at`,
  );
const gone = { payload: null, rendered: null };

/** Lets each of so many people ask for a letter. */
const people = async (count: number) => {
  for (let i = 0; i < count; i += 1) await new Browser(world).ask(`person${i}@example.com`);
};

/** A worker that is killed once the letter is out: its mailer does its work, and it never hears of it. */
function killedAfterSending(mailer: Mailer) {
  let sent = () => {};
  const isSent = new Promise<void>((resolve) => (sent = resolve));
  void deliverDueLetters(world, async (message) => {
    await mailer(message);
    sent();
    return new Promise(() => {});
  });
  return isSent;
}

/** The next version of this place, years later: nothing of it may show in a letter begun before. */
const elsewhen = world.but({
  clock: { now: () => new Date(Date.UTC(2033, 1)) },
  env: testEnv({ APP_NAME: "Elsewhere", MAIL_FROM: "other@example.net" }),
});

describe("a worker killed between sending and writing it down", () => {
  test("by SMTP: the letter goes again after the lease, as the same bytes with the same id", async () => {
    await new Browser(world).ask(ada);
    await killedAfterSending(bySmtp);
    expect(await kept()).toMatchObject([{ state: "queued", attempts: 1 }]);
    await deliverDueLetters(world, bySmtp);
    expect(sink.accepted).toHaveLength(1);
    await world.age(intervals.letterLease);
    await deliverDueLetters(elsewhen, bySmtp);
    expect(await kept()).toMatchObject([{ state: "sent", attempts: 2, ...gone }]);
    const [first, second, ...more] = sink.accepted;
    expect(more).toEqual([]);
    expect(second!.raw).toBe(first!.raw);
    expect(first!.raw).toContain((await kept())[0]!.id);
  });

  test("by Resend: it goes again, and arrives once", async () => {
    await new Browser(world).ask(ada);
    await killedAfterSending(byResend);
    await world.age(intervals.letterLease);
    await deliverDueLetters(elsewhen, byResend);
    expect(await kept()).toMatchObject([{ state: "sent", attempts: 2 }]);
    expect(front.bodies).toHaveLength(2);
    expect(front.delivered).toHaveLength(1);
  });

  test("its link works, and still once, when the letter came twice", async () => {
    const browser = new Browser(world);
    await browser.ask(ada);
    await killedAfterSending(bySmtp);
    await world.age(intervals.letterLease);
    const { token } = await world.letterTo(ada);
    expect((await browser.press({ token })).ok).toBe(true);
    expect((await new Browser(world).press({ token }, ada)).ok).toBe(false);
  });
});

describe("a worker that was only slow, and comes back after its lease", () => {
  /** Holds a letter until told what came of it. */
  async function holding() {
    let end: (delivery: Awaited<ReturnType<Mailer>>) => void = () => {};
    let taken = () => {};
    const isTaken = new Promise<void>((resolve) => (taken = resolve));
    const work = deliverDueLetters(world, () => {
      taken();
      return new Promise((resolve) => (end = resolve));
    });
    await isTaken;
    return async (delivery: Awaited<ReturnType<Mailer>>) => {
      end(delivery);
      await work;
    };
  }

  test.each([
    { sent: true },
    { sent: false, reason: "late" },
    { sent: false, reason: "late", refused: true },
  ] as const)("saying %j: what another sent meanwhile stays sent", async (delivery) => {
    await new Browser(world).ask(ada);
    const comesBack = await holding();
    await world.age(intervals.letterLease);
    await deliverDueLetters(world, byResend);
    await comesBack(delivery);
    expect(await kept()).toMatchObject([{ state: "sent", reason: null, attempts: 2, ...gone }]);
    await world.age(3000);
    await deliverDueLetters(world, byResend);
    expect(front.bodies).toHaveLength(1);
  });

  test("that it was sent stays true, when another could not send it meanwhile", async () => {
    await new Browser(world).ask(ada);
    const comesBack = await holding();
    await world.age(intervals.letterLease);
    front.trouble(down);
    await deliverDueLetters(world, byResend);
    await comesBack({ sent: true });
    expect(await kept()).toMatchObject([{ state: "sent", ...gone }]);
  });
});

describe("many letters", () => {
  test("two workers, a hundred letters: none lost, none twice", async () => {
    await people(100);
    await Promise.all([deliverDueLetters(world, bySmtp), deliverDueLetters(world, bySmtp)]);
    const to = sink.accepted.map((arrival) => arrival.to.join());
    expect(to).toHaveLength(100);
    expect(new Set(to).size).toBe(100);
    expect((await kept()).every(({ state, attempts }) => state === "sent" && attempts === 1)).toBe(
      true,
    );
  }, 30_000);

  test("a provider that loses every third answer: forty letters arrive once each", async () => {
    await people(40);
    let calls = 0;
    const lossy: Mailer = (message) => {
      if ((calls += 1) % 3 === 0) front.trouble("lost", 1);
      return byResend(message);
    };
    for (let round = 0; round < 30; round += 1) {
      await Promise.all([deliverDueLetters(world, lossy), deliverDueLetters(world, lossy)]);
      if ((await kept()).every(({ state }) => state === "sent")) break;
      await world.age(firstPause);
    }
    expect(new Set((await kept()).map(({ state }) => state))).toEqual(new Set(["sent"]));
    expect(front.delivered).toHaveLength(40);
    expect(new Set(front.delivered.map(({ to }) => to.join())).size).toBe(40);
    expect(front.bodies.length).toBeGreaterThan(40);
  }, 30_000);

  test("one address that is refused keeps nobody else's letter back", async () => {
    sink.trouble("rcpt", { says: 550 }, 1);
    await people(12);
    await deliverDueLetters(world, bySmtp);
    const states = (await kept()).map(({ state }) => state).sort();
    expect(states).toEqual(["dead", ...Array<string>(11).fill("sent")]);
    expect(sink.accepted).toHaveLength(11);
  });
});

describe("letters that are of no use any more", () => {
  test("one that cannot leave is tried while its link lives, then dies as too late", async () => {
    front.trouble(down);
    await world.whileTimeStands(async (world) => {
      await new Browser(world).ask(ada);
      await deliverDueLetters(world, byResend);
      // Nothing is due at the very end of the link's hour, so that its end alone decides.
      await world.age(lifetimes.magicLink - 1);
      await deliverDueLetters(world, byResend);
      expect(await kept(world)).toMatchObject([{ state: "queued", attempts: 2 }]);
      await world.age(intervals.letterRetries[1]);
      front.calm();
      await deliverDueLetters(world, byResend);
      expect(await kept(world)).toMatchObject([
        { state: "dead", reason: "too_late", attempts: 2, ...gone },
      ]);
      expect(front.bodies).toEqual([]);
    });
  });

  test("the link's hour counts from the first attempt, not from the asking", async () => {
    await world.whileTimeStands(async (world) => {
      await new Browser(world).ask(ada);
      await world.age(lifetimes.magicLink * 2);
      front.trouble(down);
      await deliverDueLetters(world, byResend);
      await world.age(lifetimes.magicLink - 1);
      front.calm();
      await deliverDueLetters(world, byResend);
      expect(await kept(world)).toMatchObject([{ state: "sent", attempts: 2 }]);
    });
    expect(front.delivered).toHaveLength(1);
  });

  test("one whose link was pushed out by newer ones is not sent", async () => {
    front.trouble(down);
    const browser = new Browser(world);
    await browser.ask(ada);
    await deliverDueLetters(world, byResend);
    await world.plant((tx) => tx.execute(sql`update verifications set voided_at = now()`));
    await world.age(firstPause);
    front.calm();
    await deliverDueLetters(world, byResend);
    expect(await kept()).toMatchObject([{ state: "dead", reason: "too_late", ...gone }]);
    expect(front.bodies).toEqual([]);
  });

  test("nor one whose code was used: it arrived after all, and only its answer was lost", async () => {
    const browser = new Browser(world);
    await browser.ask(ada);
    front.trouble("lost", 1);
    await deliverDueLetters(world, byResend);
    expect(await kept()).toMatchObject([{ state: "queued" }]);
    const arrived = front.delivered[0]!;
    const code = /\b\d{6}\b/.exec(arrived.text)![0];
    expect((await browser.type(code, ada)).ok).toBe(true);
    await world.age(firstPause);
    await deliverDueLetters(world, byResend);
    expect(await kept()).toMatchObject([{ state: "dead", reason: "too_late", ...gone }]);
    expect(front.bodies).toHaveLength(1);
  });

  test("nor the letters of other links, once one has signed in", async () => {
    const browser = new Browser(world);
    await browser.ask(ada);
    const { token } = await world.letterTo(ada);
    await world.age(intervals.resend);
    await new Browser(world).ask(ada);
    expect((await browser.press({ token })).ok).toBe(true);
    await deliverDueLetters(world, byResend);
    expect((await kept()).map(({ state }) => state)).toEqual(["sent", "dead"]);
    expect(front.bodies).toEqual([]);
  });

  test("a provider that asks for more time than the link has gets the letter never, and it dies", async () => {
    front.trouble(resendError(429, "daily_quota_exceeded", { "retry-after": "7200" }), 1);
    await new Browser(world).ask(ada);
    await deliverDueLetters(world, byResend);
    await world.age(7200);
    await deliverDueLetters(world, byResend);
    expect(await kept()).toMatchObject([{ state: "dead", reason: "too_late", ...gone }]);
  });
});

describe("a provider that is down", () => {
  /** What the page "Check your email" of a browser says about mail. */
  const saysSlow = async (browser: Browser) => {
    const result = await browser.run(readWaiting);
    return result.ok && result.value.mailIsSlow;
  };

  test("and comes back: the letters leave by themselves, in the order of their turn", async () => {
    front.trouble(down);
    await people(3);
    await deliverDueLetters(world, byResend);
    front.calm();
    await world.age(firstPause);
    await deliverDueLetters(world, byResend);
    expect(front.delivered.map(({ to }) => to.join()).sort()).toEqual([
      "person0@example.com",
      "person1@example.com",
      "person2@example.com",
    ]);
  });

  test("is said on waiting pages after half a minute, and no longer when mail leaves again", async () => {
    front.trouble(down);
    const browser = new Browser(world);
    await browser.ask(ada);
    expect(await saysSlow(browser)).toBe(false);
    await deliverDueLetters(world, byResend);
    await world.age(intervals.mailSlow - 10);
    expect(await isMailSlow(world.db)).toBe(false);
    await world.age(10);
    expect(await isMailSlow(world.db)).toBe(true);
    expect(await saysSlow(browser)).toBe(true);

    // Everybody who waits is told, as it is the provider who is slow.
    const leo = new Browser(world);
    await leo.ask("leo@example.com");
    expect(await saysSlow(leo)).toBe(true);

    front.calm();
    await deliverDueLetters(world, byResend);
    expect(front.delivered).toHaveLength(2);
    expect(await isMailSlow(world.db)).toBe(false);
    expect(await saysSlow(browser)).toBe(false);
  });

  test("to the second: not at half a minute, but right after it", async () => {
    await world.whileTimeStands(async (world) => {
      front.trouble(down);
      await new Browser(world).ask(ada);
      await deliverDueLetters(world, byResend);
      await world.age(intervals.mailSlow);
      expect(await isMailSlow(world.db)).toBe(false);
      await world.age(1);
      expect(await isMailSlow(world.db)).toBe(true);
    });
  });

  test("nobody is told that mail is slow because a letter was refused, withheld or never tried", async () => {
    for (let i = 0; i < 4; i += 1) await new Browser(world).ask(ada);
    sink.trouble("rcpt", { says: 550 });
    await deliverDueLetters(world, bySmtp);
    await new Browser(world).ask("leo@example.com");
    await world.age(intervals.mailSlow + 1);
    expect(await isMailSlow(world.db)).toBe(false);
  });

  test("operators are told of a letter that nobody tried, and of one that was tried in vain (X4)", async () => {
    await new Browser(world).ask(ada);
    await world.age(intervals.mailSlow - 10);
    expect(await isMailOverdue(world.db)).toBe(false);
    await world.age(11);
    expect(await isMailOverdue(world.db)).toBe(true);

    front.trouble(down);
    await deliverDueLetters(world, byResend);
    expect(await isMailOverdue(world.db)).toBe(false);
    await world.age(intervals.mailSlow + 1);
    expect(await isMailOverdue(world.db)).toBe(true);

    front.calm();
    await deliverDueLetters(world, byResend);
    expect(await isMailOverdue(world.db)).toBe(false);
  });

  test("asking for mail answers the same, and at once (P8)", async () => {
    front.trouble("never_answers");
    const well = await new Browser(world).ask("leo@example.com");
    const sending = deliverDueLetters(world, byResend);
    await expect.poll(() => front.bodies.length).toBe(1);
    expect(await new Browser(world).ask(ada)).toEqual({
      ...well,
      value: { email: ada },
    });
    front.calm();
    front.release();
    await sending;
  });
});

describe("the worker of a process", () => {
  test("takes up what a dead one left, and what a ring tells it of", async () => {
    await new Browser(world).ask(ada);
    await takeLetters(world.db);
    await world.age(intervals.letterLease);
    const worker = startWorker(world.but({ env: testEnv() }), byResend, { mayOverlap: true });
    try {
      await expect.poll(() => front.delivered.length).toBe(1);
      await new Browser(world).ask("leo@example.com");
      worker.ring();
      await expect.poll(() => front.delivered.length).toBe(2);
    } finally {
      await worker.stop();
    }
    expect((await kept()).map(({ state }) => state)).toEqual(["sent", "sent"]);
  });

  test("told to stop, it finishes what it is sending", async () => {
    await new Browser(world).ask(ada);
    sink.trouble("received", { after: 0.3 });
    const worker = startWorker(world, bySmtp, { mayOverlap: true });
    await expect.poll(() => sink.offered.length).toBe(1);
    await worker.stop();
    expect(await kept()).toMatchObject([{ state: "sent" }]);
  });

  test("a database that goes away while a letter is out costs nothing: it is sent again, or known as sent", async () => {
    await new Browser(world).ask(ada);
    await deliverDueLetters(world, async (message) => {
      const delivery = await byResend(message);
      world.breakDatabase(0);
      return delivery;
    }).catch(() => {});
    world.mendDatabase();
    expect(await kept()).toMatchObject([{ state: "queued", attempts: 1 }]);
    await world.age(intervals.letterLease);
    await deliverDueLetters(world, byResend);
    expect(await kept()).toMatchObject([{ state: "sent", attempts: 2 }]);
    expect(front.delivered).toHaveLength(1);
  });

  test("every letter has left or has a reason, whatever the weather", async () => {
    const weather = [down, "lost", resendError(422, "validation_error"), "hangs_up"] as const;
    await people(12);
    for (let turn = 0; turn < 60; turn += 1) {
      const now = weather[turn % 5];
      if (now) front.trouble(now, 1 + (turn % 3));
      await deliverDueLetters(world, byResend);
      await world.age(intervals.letterRetries[turn % 3]!);
    }
    const open = await row<{ open: number }>(
      world.db,
      sql`select count(*)::int as open from outbox
          where state = 'queued' or (state = 'dead' and reason is null)`,
    );
    expect(open!.open).toBe(0);
    const sent = (await kept()).filter(({ state }) => state === "sent").length;
    expect(sent).toBeGreaterThan(0);
    expect(front.delivered.length).toBeGreaterThanOrEqual(sent);
    expect(new Set(front.keys).size).toBe(12);
    expect(new Set(front.bodies).size).toBe(12);
    const addressees = front.delivered.map(({ to }) => to.join());
    expect(new Set(addressees).size).toBe(addressees.length);
  }, 20_000);
});
