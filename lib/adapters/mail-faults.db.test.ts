import { sql } from "drizzle-orm";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { row, rows } from "@/db/rows";
import { readPendingRequest } from "@/lib/flows/sign-in/read-pending-request";
import { isMailOverdue, isMailDelayed, leaseDueLetters } from "@/lib/store/outbox";
import { intervals, lifetimes } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { resendError, startFakeResend } from "@/test/support/fake-resend";
import { setUpWorld } from "@/test/support/setup";
import { startFakeSmtp } from "@/test/support/fake-smtp";
import { testEnv, type TestWorld } from "@/test/support/world";
import { deliverDueLetters } from "./courier";
import type { Mailer } from "./mailer";
import { resendMailer } from "./resend";
import { smtpMailer } from "./smtp";
import { startWorker } from "./worker";

/** What happens to emails when providers and workers fail and recover (X3, I5). */

const world = await setUpWorld();
const sink = await startFakeSmtp();
const server = await startFakeResend();
const bySmtp = smtpMailer(sink.url, world.log);
const byResend = resendMailer(server.key, server.baseUrl);

afterEach(() => {
  sink.resetProviders();
  server.resetProviders();
});
afterAll(async () => {
  await sink.stop();
  await server.stop();
});

const ada = "ada@example.com";
const [firstPause] = intervals.emailRetries;
const down = resendError(503, "service_unavailable");

interface Kept {
  id: string;
  state: string;
  reason: string | null;
  attempts: number;
  payload: string | null;
  rendered: string | null;
}
const saved = (where: TestWorld = world) =>
  rows<Kept>(
    where.db,
    sql`select id, state, reason, attempts, payload, rendered from outbox order by created_at`,
  );
const erased = { payload: null, rendered: null };

/** Lets each of this many people request a link. */
const people = async (count: number) => {
  for (let i = 0; i < count; i += 1) await new Browser(world).requestLink(`person${i}@example.com`);
};

/**
 * A worker that is killed once the email is sent: its mailer sends, and the worker never learns of
 * it.
 */
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

/** A later version with another name and origin: emails begun before must not change with it. */
const elsewhen = world.with({
  clock: { now: () => new Date(Date.UTC(2033, 1)) },
  env: testEnv({ APP_NAME: "Elsewhere", MAIL_FROM: "other@example.net" }),
});

describe("a worker that is killed between sending and recording", () => {
  test("by SMTP: the email is sent again after the lease, with the same bytes and the same id", async () => {
    await new Browser(world).requestLink(ada);
    await killedAfterSending(bySmtp);
    expect(await saved()).toMatchObject([{ state: "queued", attempts: 1 }]);
    await deliverDueLetters(world, bySmtp);
    expect(sink.accepted).toHaveLength(1);
    await world.advance(intervals.emailLease);
    await deliverDueLetters(elsewhen, bySmtp);
    expect(await saved()).toMatchObject([{ state: "sent", attempts: 2, ...erased }]);
    const [first, second, ...more] = sink.accepted;
    expect(more).toEqual([]);
    expect(second!.raw).toBe(first!.raw);
    expect(first!.raw).toContain((await saved())[0]!.id);
  });

  test("by Resend: it is sent again, and arrives once", async () => {
    await new Browser(world).requestLink(ada);
    await killedAfterSending(byResend);
    await world.advance(intervals.emailLease);
    await deliverDueLetters(elsewhen, byResend);
    expect(await saved()).toMatchObject([{ state: "sent", attempts: 2 }]);
    expect(server.bodies).toHaveLength(2);
    expect(server.delivered).toHaveLength(1);
  });

  test("the link works once, though the email came twice", async () => {
    const browser = new Browser(world);
    await browser.requestLink(ada);
    await killedAfterSending(bySmtp);
    await world.advance(intervals.emailLease);
    const { token } = await world.letterTo(ada);
    expect((await browser.openLink({ token })).ok).toBe(true);
    expect((await new Browser(world).openLink({ token }, ada)).ok).toBe(false);
  });
});

describe("a slow worker that returns after its lease", () => {
  /** Holds an email until the test says what became of it. */
  async function holding() {
    let end: (delivery: Awaited<ReturnType<Mailer>>) => void = () => {};
    let markLeased = () => {};
    const isLeased = new Promise<void>((resolve) => (markLeased = resolve));
    const work = deliverDueLetters(world, () => {
      markLeased();
      return new Promise((resolve) => (end = resolve));
    });
    await isLeased;
    return async (delivery: Awaited<ReturnType<Mailer>>) => {
      end(delivery);
      await work;
    };
  }

  test.each([
    { sent: true },
    { sent: false, reason: "late" },
    { sent: false, reason: "late", refused: true },
  ] as const)(
    "reporting %j: an email that another worker sent meanwhile stays sent",
    async (delivery) => {
      await new Browser(world).requestLink(ada);
      const comesBack = await holding();
      await world.advance(intervals.emailLease);
      await deliverDueLetters(world, byResend);
      await comesBack(delivery);
      expect(await saved()).toMatchObject([
        { state: "sent", reason: null, attempts: 2, ...erased },
      ]);
      await world.advance(3000);
      await deliverDueLetters(world, byResend);
      expect(server.bodies).toHaveLength(1);
    },
  );

  test("an email that it sent stays sent, though another worker failed meanwhile", async () => {
    await new Browser(world).requestLink(ada);
    const comesBack = await holding();
    await world.advance(intervals.emailLease);
    server.failWith(down);
    await deliverDueLetters(world, byResend);
    await comesBack({ sent: true });
    expect(await saved()).toMatchObject([{ state: "sent", ...erased }]);
  });
});

describe("many emails", () => {
  test(
    "two workers send a hundred emails: none lost, none twice",
    { tags: ["long"], timeout: 30_000 },
    async () => {
      await people(100);
      await Promise.all([deliverDueLetters(world, bySmtp), deliverDueLetters(world, bySmtp)]);
      const to = sink.accepted.map((arrival) => arrival.to.join());
      expect(to).toHaveLength(100);
      expect(new Set(to).size).toBe(100);
      expect(
        (await saved()).every(({ state, attempts }) => state === "sent" && attempts === 1),
      ).toBe(true);
    },
  );

  test(
    "a provider that loses every third response delivers forty emails once each",
    { tags: ["long"], timeout: 30_000 },
    async () => {
      await people(40);
      let calls = 0;
      const lossy: Mailer = (message) => {
        if ((calls += 1) % 3 === 0) server.failWith("lost", 1);
        return byResend(message);
      };
      for (let round = 0; round < 30; round += 1) {
        await Promise.all([deliverDueLetters(world, lossy), deliverDueLetters(world, lossy)]);
        if ((await saved()).every(({ state }) => state === "sent")) break;
        await world.advance(firstPause);
      }
      expect(new Set((await saved()).map(({ state }) => state))).toEqual(new Set(["sent"]));
      expect(server.delivered).toHaveLength(40);
      expect(new Set(server.delivered.map(({ to }) => to.join())).size).toBe(40);
      expect(server.bodies.length).toBeGreaterThan(40);
    },
  );

  test("one refused address does not delay the other emails", async () => {
    sink.failWith("rcpt", { says: 550 }, 1);
    await people(12);
    await deliverDueLetters(world, bySmtp);
    const states = (await saved()).map(({ state }) => state).sort();
    expect(states).toEqual(["dead", ...Array<string>(11).fill("sent")]);
    expect(sink.accepted).toHaveLength(11);
  });
});

describe("emails that are no longer of use", () => {
  test("an email that cannot be sent is retried while its link lives, then marked dead as too late", async () => {
    server.failWith(down);
    await world.withFrozenTime(async (world) => {
      await new Browser(world).requestLink(ada);
      await deliverDueLetters(world, byResend);
      // Nothing is due at the very end of the link's hour, so only the end of the hour decides.
      await world.advance(lifetimes.magicLink - 1);
      await deliverDueLetters(world, byResend);
      expect(await saved(world)).toMatchObject([{ state: "queued", attempts: 2 }]);
      await world.advance(intervals.emailRetries[1]);
      server.resetProviders();
      await deliverDueLetters(world, byResend);
      expect(await saved(world)).toMatchObject([
        { state: "dead", reason: "too_late", attempts: 2, ...erased },
      ]);
      expect(server.bodies).toEqual([]);
    });
  });

  test("the link's hour counts from the first attempt, not from the request", async () => {
    await world.withFrozenTime(async (world) => {
      await new Browser(world).requestLink(ada);
      await world.advance(lifetimes.magicLink * 2);
      server.failWith(down);
      await deliverDueLetters(world, byResend);
      await world.advance(lifetimes.magicLink - 1);
      server.resetProviders();
      await deliverDueLetters(world, byResend);
      expect(await saved(world)).toMatchObject([{ state: "sent", attempts: 2 }]);
    });
    expect(server.delivered).toHaveLength(1);
  });

  test("an email whose link was replaced by newer ones is not sent", async () => {
    server.failWith(down);
    const browser = new Browser(world);
    await browser.requestLink(ada);
    await deliverDueLetters(world, byResend);
    await world.writeDirectly((tx) => tx.execute(sql`update verifications set voided_at = now()`));
    await world.advance(firstPause);
    server.resetProviders();
    await deliverDueLetters(world, byResend);
    expect(await saved()).toMatchObject([{ state: "dead", reason: "too_late", ...erased }]);
    expect(server.bodies).toEqual([]);
  });

  test("an email whose code was used is not sent again: it arrived, and only the response was lost", async () => {
    const browser = new Browser(world);
    await browser.requestLink(ada);
    server.failWith("lost", 1);
    await deliverDueLetters(world, byResend);
    expect(await saved()).toMatchObject([{ state: "queued" }]);
    const email = server.delivered[0]!;
    const code = /\b\d{6}\b/.exec(email.text)![0];
    expect((await browser.submitCode(code, ada)).ok).toBe(true);
    await world.advance(firstPause);
    await deliverDueLetters(world, byResend);
    expect(await saved()).toMatchObject([{ state: "dead", reason: "too_late", ...erased }]);
    expect(server.bodies).toHaveLength(1);
  });

  test("emails of other links are not sent after one link was used", async () => {
    const browser = new Browser(world);
    await browser.requestLink(ada);
    const { token } = await world.letterTo(ada);
    await world.advance(intervals.resend);
    await new Browser(world).requestLink(ada);
    expect((await browser.openLink({ token })).ok).toBe(true);
    await deliverDueLetters(world, byResend);
    expect((await saved()).map(({ state }) => state)).toEqual(["sent", "dead"]);
    expect(server.bodies).toEqual([]);
  });

  test("an email is never sent when the provider asks for a longer pause than its link lives", async () => {
    server.failWith(resendError(429, "daily_quota_exceeded", { "retry-after": "7200" }), 1);
    await new Browser(world).requestLink(ada);
    await deliverDueLetters(world, byResend);
    await world.advance(7200);
    await deliverDueLetters(world, byResend);
    expect(await saved()).toMatchObject([{ state: "dead", reason: "too_late", ...erased }]);
  });
});

describe("a provider that is unavailable", () => {
  /** What the page "Check your email" of a browser says about delays. */
  const saysSlow = async (browser: Browser) => {
    const result = await browser.run(readPendingRequest);
    return result.ok && result.value.mailIsDelayed;
  };

  test("and recovers: the waiting emails are sent in their order", async () => {
    server.failWith(down);
    await people(3);
    await deliverDueLetters(world, byResend);
    server.resetProviders();
    await world.advance(firstPause);
    await deliverDueLetters(world, byResend);
    expect(server.delivered.map(({ to }) => to.join()).sort()).toEqual([
      "person0@example.com",
      "person1@example.com",
      "person2@example.com",
    ]);
  });

  test("is mentioned on waiting pages after half a minute, and no longer once emails are sent again", async () => {
    server.failWith(down);
    const browser = new Browser(world);
    await browser.requestLink(ada);
    expect(await saysSlow(browser)).toBe(false);
    await deliverDueLetters(world, byResend);
    await world.advance(intervals.mailDelayed - 10);
    expect(await isMailDelayed(world.db)).toBe(false);
    await world.advance(10);
    expect(await isMailDelayed(world.db)).toBe(true);
    expect(await saysSlow(browser)).toBe(true);

    // Every waiting person is told, as the provider is slow for all of them.
    const leo = new Browser(world);
    await leo.requestLink("leo@example.com");
    expect(await saysSlow(leo)).toBe(true);

    server.resetProviders();
    await deliverDueLetters(world, byResend);
    expect(server.delivered).toHaveLength(2);
    expect(await isMailDelayed(world.db)).toBe(false);
    expect(await saysSlow(browser)).toBe(false);
  });

  test("is mentioned right after half a minute, and not at half a minute", async () => {
    await world.withFrozenTime(async (world) => {
      server.failWith(down);
      await new Browser(world).requestLink(ada);
      await deliverDueLetters(world, byResend);
      await world.advance(intervals.mailDelayed);
      expect(await isMailDelayed(world.db)).toBe(false);
      await world.advance(1);
      expect(await isMailDelayed(world.db)).toBe(true);
    });
  });

  test("is not mentioned because an email was refused, withheld or never tried", async () => {
    for (let i = 0; i < 4; i += 1) await new Browser(world).requestLink(ada);
    sink.failWith("rcpt", { says: 550 });
    await deliverDueLetters(world, bySmtp);
    await new Browser(world).requestLink("leo@example.com");
    await world.advance(intervals.mailDelayed + 1);
    expect(await isMailDelayed(world.db)).toBe(false);
  });

  test.each([
    ["two hours", 7200],
    ["one minute", 60],
  ])("and a clock that is set back by %s: the email does not wait for them", async (_, by) => {
    server.failWith(down);
    await new Browser(world).requestLink(ada);
    await deliverDueLetters(world, byResend);
    await world.advance(-by);
    expect(await isMailOverdue(world.db)).toBe(true);
    await deliverDueLetters(world, byResend);
    // Each attempt plans the next one by the new clock.
    await deliverDueLetters(world, byResend);
    expect(await saved()).toMatchObject([{ state: "queued", attempts: 2 }]);
    server.resetProviders();
    await world.advance(intervals.emailRetries[1]);
    await deliverDueLetters(world, byResend);
    expect(await saved()).toMatchObject([{ state: "sent", attempts: 3 }]);
  });

  test("and a clock that is set back: a pause that the provider asks for is kept, and an untried email is sent", async () => {
    server.failWith({ ...down, headers: { "retry-after": "1200" } });
    await new Browser(world).requestLink(ada);
    await deliverDueLetters(world, byResend);
    await new Browser(world).requestLink("leo@example.com");
    await world.advance(-1800);
    await deliverDueLetters(world, byResend);
    const attempts = async () => (await saved()).map((letter) => letter.attempts);
    expect(await attempts()).toEqual([2, 1]);
    await world.advance(1199);
    await deliverDueLetters(world, byResend);
    expect(await attempts()).toEqual([2, 1]);
  });

  test("operators learn of an email that was never tried, and of one that failed (X4)", async () => {
    await new Browser(world).requestLink(ada);
    await world.advance(intervals.mailDelayed - 10);
    expect(await isMailOverdue(world.db)).toBe(false);
    await world.advance(11);
    expect(await isMailOverdue(world.db)).toBe(true);

    server.failWith(down);
    await deliverDueLetters(world, byResend);
    expect(await isMailOverdue(world.db)).toBe(false);
    await world.advance(intervals.mailDelayed + 1);
    expect(await isMailOverdue(world.db)).toBe(true);

    server.resetProviders();
    await deliverDueLetters(world, byResend);
    expect(await isMailOverdue(world.db)).toBe(false);
  });

  test("requests for an email get the same response, at once (P8)", async () => {
    server.failWith("never_answers");
    const well = await new Browser(world).requestLink("leo@example.com");
    const sending = deliverDueLetters(world, byResend);
    await expect.poll(() => server.bodies.length).toBe(1);
    expect(await new Browser(world).requestLink(ada)).toEqual({
      ...well,
      value: { email: ada },
    });
    server.resetProviders();
    server.release();
    await sending;
  });
});

describe("the worker of a process", () => {
  test("sends what a dead worker left behind, and what it is woken for", async () => {
    await new Browser(world).requestLink(ada);
    await leaseDueLetters(world.db, world.env.emailsPerHour);
    await world.advance(intervals.emailLease);
    const worker = startWorker(world.with({ env: testEnv() }), byResend, { isEmbedded: false });
    try {
      await expect.poll(() => server.delivered.length).toBe(1);
      await new Browser(world).requestLink("leo@example.com");
      worker.wake();
      await expect.poll(() => server.delivered.length).toBe(2);
    } finally {
      await worker.stop();
    }
    expect((await saved()).map(({ state }) => state)).toEqual(["sent", "sent"]);
  });

  test("finishes the current email when it is told to stop", async () => {
    await new Browser(world).requestLink(ada);
    sink.failWith("received", { after: 0.3 });
    const worker = startWorker(world, bySmtp, { isEmbedded: false });
    await expect.poll(() => sink.offered.length).toBe(1);
    await worker.stop();
    expect(await saved()).toMatchObject([{ state: "sent" }]);
  });

  test("takes no further emails once it is told to stop", async () => {
    await people(12);
    sink.failWith("received", { after: 0.3 });
    const worker = startWorker(world, bySmtp, { isEmbedded: false });
    await expect.poll(() => sink.offered.length).toBeGreaterThan(0);
    await worker.stop();
    const states = (await saved()).map(({ state }) => state).sort();
    expect(states).toEqual([...Array<string>(2).fill("queued"), ...Array<string>(10).fill("sent")]);
  });

  test("loses nothing when the database fails while an email is being sent: it is sent again, or recorded as sent", async () => {
    await new Browser(world).requestLink(ada);
    await deliverDueLetters(world, async (message) => {
      const delivery = await byResend(message);
      world.failDatabaseAfter(0);
      return delivery;
    }).catch(() => {});
    world.restoreDatabase();
    expect(await saved()).toMatchObject([{ state: "queued", attempts: 1 }]);
    await world.advance(intervals.emailLease);
    await deliverDueLetters(world, byResend);
    expect(await saved()).toMatchObject([{ state: "sent", attempts: 2 }]);
    expect(server.delivered).toHaveLength(1);
  });

  test("every email is sent or has a reason why not, whatever fails", async () => {
    const weather = [down, "lost", resendError(422, "validation_error"), "hangs_up"] as const;
    await people(12);
    for (let turn = 0; turn < 60; turn += 1) {
      const now = weather[turn % 5];
      if (now) server.failWith(now, 1 + (turn % 3));
      await deliverDueLetters(world, byResend);
      await world.advance(intervals.emailRetries[turn % 3]!);
    }
    const open = await row<{ open: number }>(
      world.db,
      sql`select count(*)::int as open from outbox
          where state = 'queued' or (state = 'dead' and reason is null)`,
    );
    expect(open!.open).toBe(0);
    const sent = (await saved()).filter(({ state }) => state === "sent").length;
    expect(sent).toBeGreaterThan(0);
    expect(server.delivered.length).toBeGreaterThanOrEqual(sent);
    expect(new Set(server.keys).size).toBe(12);
    expect(new Set(server.bodies).size).toBe(12);
    const addressees = server.delivered.map(({ to }) => to.join());
    expect(new Set(addressees).size).toBe(addressees.length);
  }, 20_000);
});
