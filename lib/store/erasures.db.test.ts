import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { rows } from "@/db/rows";
import { days } from "@/lib/core/duration";
import { lifetimes } from "@/lib/core/policy";
import { deleteAccount } from "@/lib/flows/deletion/delete-account";
import { restoreAccount } from "@/lib/flows/deletion/restore-account";
import { requestEmailChange } from "@/lib/flows/email-change/request-email-change";
import { undoEmailChange } from "@/lib/flows/email-change/undo-email-change";
import { verifyEmailChange } from "@/lib/flows/email-change/verify-email-change";
import { signOut } from "@/lib/flows/sessions/sign-out";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { claims, keys } from "@/test/support/oauth-fixtures";
import { validPassword } from "@/test/support/passwords";
import { count, lettersOf, secretsThatOpen } from "@/test/support/queries";
import { setUpWorld } from "@/test/support/setup";
import { eraseDueAccounts } from "./erasures";

const world = await setUpWorld(keys);
const [ada, leo] = ["ada@example.com", "leo@example.com"];
const second = "ada@second.example";

const erase = () => eraseDueAccounts(world.db, randomUUID);

/** Lets the time of every scheduled deletion come. */
const letTimeCome = () =>
  world.writeDirectly((tx) =>
    tx.execute(
      sql`update users set delete_at = now() - interval '1 second' where delete_at is not null`,
    ),
  );

/** Ada, with rows in every table, deletes her account. */
async function adaLeaves() {
  const browser = new Browser(world, { ip: "203.0.113.9", name: "netscape/amiga" });
  await browser.signUpAndVerify(ada, validPassword);
  await browser.run(requestEmailChange, { email: second });
  const { code } = await world.letterTo(second);
  await browser.run(verifyEmailChange, { email: second, code });
  await browser.signInWithProvider("google", claims("g-1", second));
  await new Browser(world).requestLink(second);
  await browser.run(deleteAccount, { email: second });
  await world.deliver();
  return { browser, userId: await world.userIdOf(second) };
}

test("an account is erased when its time has come, and not before", async () => {
  await adaLeaves();
  await world.advance(lifetimes.deletion - days(1));
  expect(await erase()).toBe(0);
  await world.advance(days(1) + 1);
  expect(await erase()).toBe(1);
  expect(await count(world, "users")).toBe(0);
});

test("nothing of it stays but the rows of the audit log, without their details", async () => {
  const leos = new Browser(world);
  await leos.signUpAndVerify(leo, validPassword);
  const { userId } = await adaLeaves();
  const events = sql`select id, event, outcome from audit_events where subject_id = ${userId} order by id`;
  const before = await rows(world.db, events);
  await letTimeCome();
  expect(await erase()).toBe(1);
  const after = await rows<{ event: string }>(world.db, events);
  expect(after.slice(0, -1)).toEqual(before);
  expect(after.at(-1)).toMatchObject({ event: "account.erase" });
  const left = await dump(world, "limits");
  for (const text of [ada, second, "203.0.113.9", "netscape"]) expect(left).not.toContain(text);
  const withId = left.split("\n").filter((one) => one.includes(userId));
  expect(withId.filter((one) => !one.startsWith("audit_events "))).toEqual([]);
  // Leo's rows are all there.
  expect(left).toContain(leo);
  expect(await count(world, "sessions")).toBe(1);
  const details = sql`select 1 from audit_event_details where identifier = ${leo} and ip is not null`;
  expect((await rows(world.db, details)).length).toBeGreaterThan(0);
});

test("the address is free again, and that of a change before", async () => {
  await adaLeaves();
  await letTimeCome();
  await erase();
  for (const email of [ada, second]) await new Browser(world).signIn(email);
  expect(await count(world, "users")).toBe(2);
});

test("what names it by an address that it had long before goes, and what the next owner did stays", async () => {
  const browser = new Browser(world, { ip: "203.0.113.9", name: "netscape/amiga" });
  await browser.signUpAndVerify(ada, validPassword);
  // Of nobody, as it fails.
  await browser.requestLink(ada);
  await browser.submitCode("000000", ada);
  await browser.run(requestEmailChange, { email: second });
  const { code } = await world.letterTo(second);
  await browser.run(verifyEmailChange, { email: second, code });
  // The change cannot be undone any more.
  await world.writeDirectly((tx) => tx.execute(sql`delete from email_changes`));
  const next = new Browser(world, { ip: "198.51.100.9" });
  await next.signIn(ada);
  await next.run(signOut);
  await next.requestLink(ada);
  await next.submitCode("000000", ada);
  await browser.run(deleteAccount, { email: second });
  await letTimeCome();
  expect(await erase()).toBe(1);
  const details = await rows<{ ip: string | null }>(
    world.db,
    sql`select distinct ip from audit_event_details where identifier = ${ada}`,
  );
  expect(details).toEqual([{ ip: "198.51.100.9" }]);
  expect(await dump(world, "limits")).not.toContain("203.0.113.9");
});

test("what belongs to the next owner of an address whose change was undone stays", async () => {
  const browser = new Browser(world);
  await browser.signUpAndVerify(ada, validPassword);
  for (const email of [second, "ada@third.example"]) {
    await browser.run(requestEmailChange, { email });
    const { code } = await world.letterTo(email);
    await browser.run(verifyEmailChange, { email, code });
  }
  const { token } = await world.letterTo(ada);
  await browser.run(undoEmailChange, { token, email: ada });
  const next = new Browser(world);
  await next.signIn(second);
  await next.requestLink(second);
  await browser.signInWithPassword(ada, validPassword);
  await browser.run(deleteAccount, { email: ada });
  await letTimeCome();
  expect(await erase()).toBe(1);
  // Those about the change were Ada's.
  expect(await lettersOf(world, second)).toEqual(["sign_up_link sent", "magic_link queued"]);
  expect(await secretsThatOpen(world, second)).toEqual(["magic_link"]);
});

test("a restored account stays, also one that is restored while it is erased", async () => {
  const { browser } = await adaLeaves();
  await browser.signIn(second);
  await letTimeCome();
  const [, erased] = await Promise.all([browser.run(restoreAccount), erase()]);
  expect(await count(world, "users")).toBe(1 - erased);
});

test("two servers at once erase each account once", async () => {
  for (const email of [ada, leo]) {
    const browser = new Browser(world);
    await browser.signIn(email);
    await browser.run(deleteAccount, { email });
  }
  await letTimeCome();
  const [one, other] = await Promise.all([erase(), erase()]);
  await erase();
  expect(one + other).toBeLessThanOrEqual(2);
  expect(await count(world, "users")).toBe(0);
  expect((await world.audit()).filter(({ event }) => event === "account.erase")).toHaveLength(2);
});
