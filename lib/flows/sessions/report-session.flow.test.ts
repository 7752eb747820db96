import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { row } from "@/db/rows";
import { intervals } from "@/lib/core/policy";
import { readMethodsLock } from "@/lib/flows/account/read-methods-lock";
import { unlockMethods } from "@/lib/flows/account/unlock-methods";
import { Browser } from "@/test/support/browser";
import { validPassword } from "@/test/support/passwords";
import { liveSecrets } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { readSession } from "./read-session";
import { signOut } from "./sign-out";
import { reportSession } from "./report-session";

const world = await setUpWorld();
const ada = "ada@example.com";

const isSignedIn = async (browser: Browser) => {
  const read = await browser.run(readSession);
  return read.ok && read.value !== null;
};

/** The id of the newest event with this name. */
const newestEvent = async (event: string) => {
  const found = await row<{ id: string }>(
    world.db,
    sql`select id::text from audit_events where event = ${event} order by id desc limit 1`,
  );
  return found!.id;
};

/** Ada at home, and Mallory, who knows her password. */
async function scene() {
  const home = new Browser(world);
  await home.signUpAndVerify(ada, validPassword);
  const mallory = new Browser(world);
  await mallory.signInWithPassword(ada, validPassword);
  return { home, mallory, event: await newestEvent("password.sign_in") };
}

const report = (browser: Browser, event: string) => browser.run(reportSession, { event });

test("ends the session of that sign-in and no other, locks the methods, voids links and codes", async () => {
  const { home, mallory, event } = await scene();
  await home.requestLink(ada);
  expect(await report(home, event)).toEqual({ ok: true, value: { hasEnded: true } });
  expect(await isSignedIn(mallory)).toBe(false);
  expect(await isSignedIn(home)).toBe(true);
  const lock = await home.run(readMethodsLock);
  expect(lock.ok && lock.value.until).toBeInstanceOf(Date);
  const { message } = await world.letterTo(ada);
  expect(message.subject).toBe("Your Latchkey sign-in methods are locked");
  expect(await liveSecrets(world, ada)).toEqual(["sign_in_report"]);
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "session.report",
    outcome: "ok",
    subject: await world.userIdOf(ada),
  });
  await mallory.signInWithPassword(ada, validPassword);
  expect(await mallory.run(unlockMethods)).toEqual(refused("unknown_device"));
  expect((await home.run(unlockMethods)).ok).toBe(true);
});

test("a user who reports the sign-in of this browser is signed out", async () => {
  const { home, mallory, event } = await scene();
  expect((await report(mallory, event)).ok).toBe(true);
  expect(mallory.session).toBeNull();
  expect(await isSignedIn(home)).toBe(true);
});

test("says so when that session had ended, and locks the methods all the same", async () => {
  const { home, mallory, event } = await scene();
  await mallory.run(signOut);
  expect(await report(home, event)).toEqual({ ok: true, value: { hasEnded: false } });
  const lock = await home.run(readMethodsLock);
  expect(lock.ok && lock.value.until).toBeInstanceOf(Date);
});

test("nobody reports a sign-in of somebody else, or an event that is none", async () => {
  const { home, mallory, event } = await scene();
  const leo = new Browser(world);
  await leo.signUpAndVerify("leo@example.com", validPassword);
  expect(await report(leo, event)).toEqual(refused("not_found"));
  await home.requestLink(ada);
  expect(await report(home, await newestEvent("magic_link.request"))).toEqual(refused("not_found"));
  expect(await report(home, "999999999")).toEqual(refused("not_found"));
  expect(await isSignedIn(mallory)).toBe(true);
  const lock = await home.run(readMethodsLock);
  expect(lock).toEqual({ ok: true, value: { until: null, canUnlock: false } });
});

test("it needs a step-up, so that a stolen session locks nobody out", async () => {
  const { home, event } = await scene();
  await world.advance(intervals.stepUp);
  expect(await report(home, event)).toEqual(refused("step_up_required"));
});
