import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { hours } from "@/lib/core/duration";
import { bounds } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { staffBrowser } from "@/test/support/staff";
import { disableUser } from "@/lib/flows/staff/disable-user";
import { enableUser } from "@/lib/flows/staff/enable-user";
import { listAuditEvents } from "./list-audit-events";

const world = await setUpWorld();
const ada = "ada@example.com";
const reason = "Reported by her employer";

/** Ada signed up, somebody guessed at her password, and support disabled and enabled her account. */
async function scene() {
  await new Browser(world, { ip: "203.0.113.9" }).signUpAndVerify(ada, validPassword);
  await new Browser(world).signInWithPassword(ada, otherPassword);
  const support = await staffBrowser(world, "support");
  const id = await world.userIdOf(ada);
  await support.run(disableUser, { id, reason });
  await support.run(enableUser, { id, reason });
  const seen = async (input: Record<string, string>) => {
    const listed = await support.run(listAuditEvents, input);
    if (!listed.ok) throw new Error(listed.refusal.code);
    return listed.value.events.map(({ event, outcome }) => `${event} ${outcome}`);
  };
  return { id, support, seen };
}

test("staff find what happened to a user, by whom and why (T3)", async () => {
  const { id, support } = await scene();
  for (const user of [id, ada, " ADA@example.com "])
    expect(await support.run(listAuditEvents, { user })).toMatchObject({
      value: {
        next: null,
        from: null,
        events: [
          { event: "user.enable", caller: "support@example.com", subject: ada, reason },
          { event: "user.disable", caller: "support@example.com", subject: ada, reason },
          { event: "password.sign_in", outcome: "invalid_credentials", identifier: ada },
          { event: "sign_up.verify", ip: "203.0.113.9", subject: ada },
        ],
      },
    });
});

test("and what a member of staff did to others", async () => {
  const { seen } = await scene();
  expect(await seen({ user: "support@example.com" })).toEqual([
    "user.enable ok",
    "user.disable ok",
    "magic_link.redeem ok",
  ]);
});

test("by event, outcome and day", async () => {
  const { seen } = await scene();
  expect(await seen({ event: "user.disable" })).toEqual(["user.disable ok"]);
  expect(await seen({ event: "user.disappear" })).toEqual([]);
  expect(await seen({ user: ada, outcome: "refused" })).toEqual([
    "password.sign_in invalid_credentials",
  ]);
  expect(await seen({ user: "nobody@example.com" })).toEqual([]);
  expect(await seen({ user: "not an address" })).toEqual([]);
  const today = world.clock.now().toISOString().slice(0, 10);
  expect(await seen({ user: ada, from: today, to: today })).toHaveLength(4);
  expect(await seen({ user: ada, to: "2020-01-01" })).toEqual([]);
  expect(await seen({ user: ada, from: "2999-01-01" })).toEqual([]);
});

test("without a user and days, of the last thirty days", async () => {
  const { support, seen } = await scene();
  await world.writeDirectly((tx) =>
    tx.execute(
      sql`insert into audit_events (at, event, outcome, request_id)
        values (now() - interval '31 days', 'test.old', 'ok', 'old')`,
    ),
  );
  expect(await seen({ event: "test.old" })).toEqual([]);
  expect(await seen({ event: "test.old", from: "2020-01-01" })).toEqual(["test.old ok"]);
  expect((await support.run(listAuditEvents)).ok).toBe(true);
});

test("in pages, none twice and none left out", async () => {
  const { support } = await scene();
  await world.writeDirectly((tx) =>
    tx.execute(
      sql`insert into audit_events (event, outcome, request_id)
        select 'test.done', 'ok', n::text from generate_series(1, ${2 * bounds.auditPage + 3}) n`,
    ),
  );
  const ids: number[] = [];
  let before: string | undefined;
  do {
    const listed = await support.run(listAuditEvents, {
      event: "test.done",
      ...(before && { before }),
    });
    if (!listed.ok) throw new Error(listed.refusal.code);
    ids.push(...listed.value.events.map(({ id }) => id));
    before = listed.value.next === null ? undefined : String(listed.value.next);
  } while (before);
  expect(ids).toEqual(ids.toSorted((a, b) => b - a));
  expect(new Set(ids).size).toBe(2 * bounds.auditPage + 3);
});

test("forged filters and cursors are refused, and others than staff find no such flow", async () => {
  const { support } = await scene();
  for (const input of [
    { before: "0" },
    { before: "x" },
    { outcome: "all" },
    { from: "yesterday" },
    { to: "2026-02-30" },
    { user: "a".repeat(255) },
    { sort: "event" },
  ])
    expect(await support.run(listAuditEvents, input)).toEqual(refused("invalid_input"));
  const member = new Browser(world);
  await member.signIn("leo@example.com");
  for (const other of [member, new Browser(world)])
    expect(await other.run(listAuditEvents)).toEqual(refused("not_found"));
  await world.advance(hours(12));
  expect(await support.run(listAuditEvents)).toEqual(refused("step_up_required"));
});
