import { expect, test } from "vitest";
import { sql } from "drizzle-orm";
import { rows } from "@/db/rows";
import { readSession } from "@/lib/flows/sessions/read-session";
import { Browser } from "@/test/support/browser";
import { setUpWorld } from "@/test/support/setup";
import { staffBrowser } from "@/test/support/staff";
import { revokeUserSessions } from "./revoke-user-sessions";

const world = await setUpWorld();

test("staff end all sessions of a user and of nobody else, and forget the known devices", async () => {
  const browsers = [new Browser(world), new Browser(world), new Browser(world)];
  for (const [n, browser] of browsers.entries())
    await browser.signIn(n < 2 ? "ada@example.com" : "leo@example.com");
  const support = await staffBrowser(world, "support");
  const id = await world.userIdOf("ada@example.com");
  const input = { id, reason: "Her phone was stolen" };
  expect(await support.run(revokeUserSessions, input)).toMatchObject({ ok: true });
  const sessions = await Promise.all(browsers.map((browser) => browser.run(readSession)));
  expect(sessions).toMatchObject([
    { value: null },
    { value: null },
    { value: { email: "leo@example.com" } },
  ]);
  expect(
    await rows(world.db, sql`select 1 from known_devices where user_id = ${id}::uuid`),
  ).toEqual([]);
  // She is not locked out, and again it does no harm.
  await browsers[0]!.signIn("ada@example.com");
  expect(await support.run(revokeUserSessions, input)).toMatchObject({ ok: true });
});
