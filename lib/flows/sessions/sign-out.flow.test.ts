import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { rows } from "@/db/rows";
import { Browser } from "@/test/support/browser";
import { refused, setUpWorld } from "@/test/support/setup";
import { readSession } from "./read-session";
import { signOut } from "./sign-out";

const world = await setUpWorld();
const ada = "ada@example.com";

test("signing out deletes the row and the cookie, here and nowhere else (S3)", async () => {
  const laptop = new Browser(world);
  await laptop.signIn(ada);
  const phone = new Browser(world);
  await phone.signIn(ada);
  const stolen = laptop.session;
  expect(await laptop.run(signOut)).toEqual({ ok: true, value: {} });
  expect(laptop.cookieChanges).toEqual({ session: "ended", pendingIdentity: "ended" });
  const thief = new Browser(world);
  thief.session = stolen;
  expect(await thief.run(readSession)).toEqual({ ok: true, value: null });
  expect(await phone.run(readSession)).toMatchObject({ value: { email: ada } });
  expect(await rows(world.db, sql`select 1 from sessions`)).toHaveLength(1);
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "session.sign_out",
    outcome: "ok",
    subject: await world.userIdOf(ada),
  });
});

test("the browser stays known to its user, so strangers cannot lock the user out (R6)", async () => {
  const laptop = new Browser(world);
  await laptop.signIn(ada);
  await laptop.run(signOut);
  for (let i = 0; i < 5; i += 1) await new Browser(world).requestLink(ada);
  await world.deliver();
  laptop.mailRequest = null;
  await laptop.signIn(ada);
  expect(await laptop.run(readSession)).toMatchObject({ value: { email: ada } });
});

test("a second request finds no session", async () => {
  const laptop = new Browser(world);
  await laptop.signIn(ada);
  const twin = new Browser(world);
  twin.session = laptop.session;
  await laptop.run(signOut);
  expect(await twin.run(signOut)).toEqual(refused("sign_in_required"));
});

test("while the database is unavailable no user is signed out by accident (S4)", async () => {
  const laptop = new Browser(world);
  await laptop.signIn(ada);
  world.failDatabaseAfter(1);
  expect(await laptop.run(signOut)).toEqual(refused("unavailable"));
  world.restoreDatabase();
  expect(laptop.cookieChanges).toEqual({});
  expect(await laptop.run(readSession)).toMatchObject({ value: { email: ada } });
});
