import { type SQL, sql } from "drizzle-orm";
import { afterAll, afterEach, expect, test } from "vitest";
import { Browser } from "./browser";
import { brokenInvariants } from "./invariants";
import { openTestWorld } from "./world";

const world = await openTestWorld();
afterEach(() => world.reset());
afterAll(() => world.close());

const ada = "ada@example.com";
const letter = (columns: SQL) => sql`insert into outbox (kind, to_address, ${columns}`;

/** Each row violates one invariant. */
const invalidRows: Record<string, SQL> = {
  "I1 not canonical": sql`update users set email = 'Ada@example.com'`,
  "I2 user without a method": sql`delete from auth_providers`,
  "I2 subject": sql`update auth_providers set confirmation_required_at = now()`,
  "I3 pending before the callback": sql`insert into oauth_attempts (token_digest, provider, remember, next, subject, expires_at)
    values ('d', 'google', false, '', 'g-1', now())`,
  "I3 consumed late or void": sql`update verifications set consumed_at = expires_at + interval '1 s'`,
  "I4 too long": sql`update sessions set ends_at = now() + interval '1 year'`,
  "I5 half ended": letter(sql`state, reason) values ('magic_link', 'x', 'dead', 'over_limit')`),
  "I8 verified": sql`update users set email_verified_at = null`,
  "I10 tries": sql`update verifications set attempts = 6`,
  "I7 token": sql`update sessions set browser = `,
};

test.each(Object.entries(invalidRows))("%s is found", async (rule, wrong) => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  const statement = rule === "I7 token" ? sql`${wrong}${browser.session}` : wrong;
  expect(await brokenInvariants(world)).toEqual([]);
  await world.writeDirectly((tx) => tx.execute(statement));
  expect(await brokenInvariants(world)).toContainEqual(expect.stringContaining(rule));
});

/** Changes that are valid by themselves, and wrong without an audit row. */
const unrecorded: Record<string, SQL> = {
  'I6: {"changed":["UPDATE users"]': sql`update users set disabled_at = now()`,
  'I6: {"changed":["DELETE sessions"]': sql`delete from sessions`,
  'I6: {"changed":["UPDATE verifications"]': sql`update verifications set voided_at = now(), consumed_at = null`,
  "I5 letters": letter(sql`state, payload) values ('magic_link', 'x', 'queued', 'x')`),
  "I3 effect": sql`with s as (
      insert into sessions (token_digest, user_id, method, browser, idle_seconds, ends_at)
      select 'd', id, 'magic_link', '', 60, now() from users)
    insert into audit_events (event, outcome, request_id) values ('magic_link.redeem', 'ok', 'r')`,
  "I2 linked by an OAuth attempt": sql`with method as (
      insert into auth_providers (user_id, provider, subject) select id, 'google', 'g-1' from users)
    insert into audit_events (event, outcome, cause, request_id)
    values ('oauth.complete', 'ok', 'google', 'r')`,
  "I2 identity moved": sql`update auth_providers set provider = 'google', subject = 'g-1'`,
  'I6: {"changed":[],"events":2': sql`insert into audit_events (event, outcome, request_id)
    values ('a.b', 'ok', 'r'), ('a.b', 'ok', 'r')`,
};

test.each(Object.entries(unrecorded))(
  "a change without an audit row is found: %s",
  async (rule, change) => {
    await new Browser(world).signIn(ada);
    await world.db.execute(change);
    expect(await brokenInvariants(world)).toContainEqual(expect.stringContaining(rule));
  },
);

test("a code in the log is found (I7)", async () => {
  await new Browser(world).requestLink(ada);
  const { code } = await world.letterTo(ada);
  world.log.warn("refused", { typed: code });
  expect(await brokenInvariants(world)).toContainEqual(expect.stringContaining("I7 code"));
});

test("an email that was sent with other bytes the second time is found (I5)", async () => {
  await new Browser(world).requestLink(ada);
  const { message } = await world.letterTo(ada);
  await world.mailer({ ...message, subject: "another" });
  expect(await brokenInvariants(world)).toContainEqual(expect.stringContaining("I5 other bytes"));
});
