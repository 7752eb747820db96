import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { rows } from "@/db/rows";
import { Browser } from "@/test/support/browser";
import { refused, setUpWorld } from "@/test/support/setup";
import { readSession } from "./read-session";
import { revokeOtherSessions } from "./revoke-other-sessions";

const world = await setUpWorld();
const ada = "ada@example.com";

const signedIn = async (email = ada) => {
  const browser = new Browser(world);
  await browser.signIn(email);
  return browser;
};

const email = async (browser: Browser) => {
  const session = await browser.run(readSession);
  return session.ok ? (session.value?.email ?? null) : session.refusal.code;
};

test("ada stays signed in here, and is signed out of all other browsers (S2)", async () => {
  const laptop = await signedIn();
  const others = [await signedIn(), await signedIn()];
  const leos = await signedIn("leo@example.com");
  expect(await laptop.run(revokeOtherSessions)).toEqual({ ok: true, value: { ended: 2 } });
  expect(await email(laptop)).toBe(ada);
  expect(await email(others[0]!)).toBeNull();
  expect(await email(others[1]!)).toBeNull();
  expect(await email(leos)).toBe("leo@example.com");
  const hers = await world.userIdOf(ada);
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "session.revoke_others",
    outcome: "ok",
    caller: hers,
    subject: hers,
  });
});

test("the other browsers are no longer known; this one, and other users', still are (R6)", async () => {
  const laptop = await signedIn();
  const phone = await signedIn();
  await phone.signIn("leo@example.com");
  await laptop.run(revokeOtherSessions);
  expect(
    await rows(
      world.db,
      sql`select u.email from known_devices m join users u on u.id = m.user_id order by 1`,
    ),
  ).toEqual([{ email: ada }, { email: "leo@example.com" }]);
  // Her phone shares the strangers' budget, which they have used up.
  for (let i = 0; i < 3; i += 1) await new Browser(world).requestLink(ada);
  await world.deliver();
  await phone.requestLink(ada);
  expect(await world.deliver()).toHaveLength(0);
  laptop.mailRequest = null;
  await laptop.requestLink(ada);
  expect(await world.deliver()).toHaveLength(1);
});

test("without other sessions it says so", async () => {
  const laptop = await signedIn();
  expect(await laptop.run(revokeOtherSessions)).toEqual({ ok: true, value: { ended: 0 } });
});

test("a signed-out user is asked to sign in", async () => {
  expect(await new Browser(world).run(revokeOtherSessions)).toEqual(refused("sign_in_required"));
});
