import { expect, it } from "vitest";
import { lifetimes } from "@/lib/core/policy";
import { deleteAccount } from "@/lib/flows/deletion/delete-account";
import { restoreAccount } from "@/lib/flows/deletion/restore-account";
import { redeemPasswordResetCode } from "@/lib/flows/password/redeem-password-reset-code";
import { requestPasswordReset } from "@/lib/flows/password/request-password-reset";
import { setPassword } from "@/lib/flows/password/set-password";
import { listSessions } from "@/lib/flows/sessions/list-sessions";
import { revokeOtherSessions } from "@/lib/flows/sessions/revoke-other-sessions";
import { revokeSession } from "@/lib/flows/sessions/revoke-session";
import { signOut } from "@/lib/flows/sessions/sign-out";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { validPassword } from "@/test/support/passwords";
import { disable } from "@/test/support/queries";
import { setUpWorld } from "@/test/support/setup";
import { createCheckHandler } from "./check";

const world = await setUpWorld();
const ada = "ada@example.com";

const signedIn = async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  return browser;
};

const tasks: (() => unknown)[] = [];
const check = (browser: Browser) =>
  createCheckHandler(
    world,
    (task) => void tasks.push(task),
  )(
    new Request("http://localhost:3000/check", {
      headers: { cookie: `latchkey-session=${browser.session ?? ""}` },
    }),
  );
const statusOf = async (browser: Browser) => (await check(browser)).status;

it("names the user of the session, by one statement that writes nothing", async () => {
  const browser = await signedIn();
  const [before, userId] = [await dump(world), await world.userIdOf(ada)];
  const statements = await world.statementsOf(async () => {
    const { status, headers } = await check(browser);
    expect(status).toBe(204);
    expect(headers.get("remote-user")).toBe(userId);
    expect(headers.get("remote-email")).toBe(ada);
  });
  expect(statements).toEqual([expect.stringMatching(/^select /)]);
  expect(tasks).toEqual([]);
  expect(await dump(world)).toBe(before);
});

it("runs no statement without a cookie", async () => {
  const statements = await world.statementsOf(async () => {
    expect(await statusOf(new Browser(world))).toBe(401);
  });
  expect(statements).toEqual([]);
});

it("counts as use of the session, which is written once in five minutes", async () => {
  await world.withFrozenTime(async (world) => {
    const browser = new Browser(world);
    await browser.signIn(ada);
    const use = async () => {
      const handle = createCheckHandler(world, (task) => void tasks.push(task));
      const cookie = `latchkey-session=${browser.session}`;
      const request = new Request("http://localhost:3000/check", { headers: { cookie } });
      const { status } = await handle(request);
      const due = tasks.splice(0);
      for (const task of due) await task();
      return [status, due.length];
    };
    // Longer than a session that is not used lives.
    for (let passed = 0; passed < lifetimes.sessionIdle * 1.5; passed += 6 * 3600) {
      await world.advance(6 * 3600);
      expect(await use()).toEqual([204, 1]);
      expect(await use()).toEqual([204, 0]);
    }
  });
});

/** What ends the session of one of Ada's browsers, done in the other one where it can be. */
const ends: Record<string, (browser: Browser, other: Browser) => Promise<unknown>> = {
  "signing out": (browser) => browser.run(signOut),
  "revoking it": async (browser, other) => {
    const sessions = await browser.run(listSessions);
    const { id } = (sessions.ok && sessions.value.find(({ current }) => current)) || {};
    return other.run(revokeSession, { id });
  },
  "signing out everywhere else": (_, other) => other.run(revokeOtherSessions),
  "setting a password": (_, other) => other.run(setPassword, { password: validPassword }),
  "resetting the password": async (_, other) => {
    await other.run(requestPasswordReset, { email: ada });
    const { code } = await world.letterTo(ada);
    return other.run(redeemPasswordResetCode, { email: ada, code, password: validPassword });
  },
  "disabling the user": async () => {
    await disable(world, ada);
    return { ok: true };
  },
};

it.each(Object.entries(ends))("sees at once: %s", async (_, end) => {
  const [browser, other] = [await signedIn(), await signedIn()];
  expect(await statusOf(browser)).toBe(204);
  expect(await end(browser, other)).toMatchObject({ ok: true });
  const { status, headers } = await check(browser);
  expect(status).toBe(401);
  expect([headers.get("remote-user"), headers.get("remote-email")]).toEqual(["", ""]);
});

it("knows nobody whose account will be erased, although they can sign in", async () => {
  await (await signedIn()).run(deleteAccount, { email: ada });
  const browser = await signedIn();
  expect(await statusOf(browser)).toBe(401);
  await browser.run(restoreAccount);
  expect(await statusOf(browser)).toBe(204);
});

it("counts in no limit", async () => {
  const before = await dump(world);
  const browser = new Browser(world);
  browser.session = "x".repeat(43);
  for (let n = 0; n < 100; n += 1) expect(await statusOf(browser)).toBe(401);
  expect(await dump(world)).toBe(before);
});
