import { randomUUID } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import { type SQL, sql } from "drizzle-orm";
import { type Db, openDatabase } from "@/db/client";
import { rows } from "@/db/rows";
import { postgresLimiter } from "@/lib/adapters/postgres-limiter";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { requestEmailChange } from "@/lib/flows/email-change/request-email-change";
import { verifyEmailChange } from "@/lib/flows/email-change/verify-email-change";
import { setPassword } from "@/lib/flows/password/set-password";
import { listSessions } from "@/lib/flows/sessions/list-sessions";
import { readSession } from "@/lib/flows/sessions/read-session";
import { revokeOtherSessions } from "@/lib/flows/sessions/revoke-other-sessions";
import { previewMagicLink } from "@/lib/flows/sign-in/preview-magic-link";
import { readPendingRequest } from "@/lib/flows/sign-in/read-pending-request";
import { listAccessLinks } from "@/lib/flows/access-links/list-access-links";
import { listAuditEvents } from "@/lib/flows/audit/list-audit-events";
import { listInvitations } from "@/lib/flows/staff/list-invitations";
import { listLetters } from "@/lib/flows/staff/list-letters";
import { listPendingSignUps } from "@/lib/flows/staff/list-pending-sign-ups";
import { listUsers } from "@/lib/flows/staff/list-users";
import { readUser } from "@/lib/flows/staff/read-user";
import { setRole } from "@/test/support/staff";
import { applyDueEmailChanges } from "@/lib/adapters/due-email-changes";
import { eraseDueAccounts } from "@/lib/store/erasures";
import { isMailDelayed, queuedMail } from "@/lib/store/outbox";
import { purge, readPurgeFacts } from "@/lib/store/purge";
import { Browser } from "@/test/support/browser";
import { addressOf, growingTables, statementsForRows, tokenOf } from "@/test/support/many-rows";
import { validPassword } from "@/test/support/passwords";
import { openTestWorld, postgresUrlOf } from "@/test/support/world";

/**
 * Among thousands of rows the hot flows and those of staff read no table as a whole. Postgres counts that
 * itself, for the plans that it has run: `npm run bench -- --growth` says the same of millions of rows.
 */

const world = await openTestWorld();
afterAll(() => world.close());
const url = (await postgresUrlOf(world.db)).href;

/** Does something on connections of its own. They hand in their counts when they close. */
async function onOwnConnections(act: (db: Db) => Promise<void>): Promise<void> {
  const { db, close } = await openDatabase({ url, directory: "", connections: 1 });
  try {
    await act(db);
  } finally {
    await close();
  }
  const others = sql`select 1 from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state = 'active'`;
  await expect.poll(() => rows(world.db, others)).toEqual([]);
}

/** How often each table was read as a whole, and each index was scanned. */
async function readScans(): Promise<Record<string, number>> {
  const found = await rows<{ name: string; scans: number }>(
    world.db,
    sql`select relname as name, seq_scan::int as scans from pg_stat_user_tables
      union all select indexrelname, idx_scan::int from pg_stat_user_indexes`,
  );
  return Object.fromEntries(found.map(({ name, scans }) => [name, scans]));
}

async function fillTables(users: number) {
  const one = { auditEvents: 1, verifications: 1, letters: 1, limits: 1 };
  const hashed = await world.passwords.hash(validPassword);
  if (!hashed.ok) throw new Error("The password could not be hashed.");
  const perUser = { ...one, oauthAttempts: 1, auditCounts: 1 };
  await onOwnConnections(async (db) => {
    await db.execute(sql`set session_replication_role = replica`);
    for (const statement of statementsForRows(users, hashed.value, perUser))
      await db.execute(sql.raw(statement));
    await db.execute(sql`analyze`);
  });
}

/** Ten rows of each list that staff page through. Returns the id of one of each. */
async function fillLists() {
  const idOf = async (inserted: SQL) => (await rows<{ id: string }>(world.db, inserted))[0]!.id;
  const verification = (purpose: string, lifetime: string) =>
    idOf(sql`insert into verifications (purpose, identifier, token_digest, code_hash,
        requesting_browser_digest, browser, is_decoy, from_known_device, password_hash, remember, next,
        limit_hits, expires_at, code_expires_at)
      select ${purpose}, ${purpose} || n || '@example.com', ${purpose} || n, '', '', '', false, false, 'hash',
        false, '', '[]', now() + ${lifetime}::interval * n / 10, now()
      from generate_series(1, 10) n returning id`);
  const letter = (state: string) =>
    idOf(sql`insert into outbox (kind, to_address, state, reason, done_at, next_attempt_at)
      select 'test_email', 'user-' || n || '@example.com', ${state}, 'undeliverable',
        case ${state} when 'dead' then now() end, now() + interval '1 day'
      from generate_series(1, 10) n returning id`);
  return {
    signUp: await verification("sign_up", "50 minutes"),
    invitation: await verification("invitation", "6 days"),
    queued: await letter("queued"),
    dead: await letter("dead"),
  };
}

test("the hot flows and those of staff scan indexes alone, among thousands of rows", async () => {
  await fillTables(3_000);
  await setRole(world, addressOf(1), "admin");
  const lists = await fillLists();
  const before = await readScans();
  await onOwnConnections(async (db) => {
    const here = world.with({ db, limiter: postgresLimiter(db) });
    const staff = new Browser(here);
    await staff.signInWithPassword(addressOf(1), validPassword);
    await here.deliver();
    // After five runs Postgres may prefer a plan that fits all parameters.
    for (let n = 1; n <= 7; n += 1) {
      const browser = new Browser(here);
      browser.session = tokenOf(400 * n);
      for (const flow of [readSession, listAuthProviders, listSessions])
        expect(await browser.run<never, unknown, never>(flow as never)).toMatchObject({ ok: true });
      await browser.finishResponse();
      const other = new Browser(here);
      expect(await other.signInWithPassword(addressOf(100 * n), validPassword)).toMatchObject({
        ok: true,
      });
      await other.finishResponse();
      // One letter at a time, as the test world reads more of them in their order.
      await here.deliver();
      const third = new Browser(here);
      const email = addressOf(200 * n + 1);
      await third.requestLink(email);
      await third.run(readPendingRequest, {});
      const letter = await here.letterTo(email);
      expect(await third.run(previewMagicLink, { token: letter.token })).toMatchObject({
        ok: true,
      });
      expect(await third.openLink(letter)).toMatchObject({ ok: true });
      await third.finishResponse();
      await here.deliver();
      const prefix = `user-${n}`;
      for (const input of [{}, { search: prefix }, { status: "staff" }, { method: "google" }]) {
        const listed = await staff.run(listUsers, input);
        expect(listed).toMatchObject({ ok: true });
        const next = listed.ok && listed.value.next;
        if (next) expect((await staff.run(listUsers, { ...input, after: next })).ok).toBe(true);
      }
      const id = await world.userIdOf(addressOf(300 * n));
      expect(await staff.run(readUser, { id })).toMatchObject({ ok: true });
      for (const input of [{}, { user: id }, { outcome: "refused" }, { from: "2020-01-01" }])
        expect(await staff.run(listAuditEvents, input)).toMatchObject({ ok: true });
      for (const [flow, input] of [
        [listPendingSignUps, { after: lists.signUp }],
        [listInvitations, { after: lists.invitation }],
        [listLetters, { queuedAfter: lists.queued, deadAfter: lists.dead }],
      ] as const)
        for (const page of [{}, input])
          expect(await staff.run<never, unknown, never>(flow as never, page)).toMatchObject({
            ok: true,
          });
      expect(await staff.run(listAccessLinks, { id })).toMatchObject({ ok: true });
      expect(await third.run(revokeOtherSessions)).toMatchObject({ ok: true });
      const moved = { email: `moved-${email}` };
      expect(await third.run(requestEmailChange, moved)).toMatchObject({ ok: true });
      const { code } = await here.letterTo(moved.email);
      expect(await third.run(verifyEmailChange, { ...moved, code })).toMatchObject({ ok: true });
      // One email at a time: tests order several by reading the whole table.
      await here.deliver();
      expect(await third.run(setPassword, { password: validPassword })).toMatchObject({ ok: true });
      await here.deliver();
      await third.finishResponse();
      expect(await eraseDueAccounts(db, randomUUID)).toBe(0);
      expect(await applyDueEmailChanges(here)).toBe(0);
      await isMailDelayed(db);
      await queuedMail(db);
      await readPurgeFacts(db);
      await purge(db);
    }
  });
  const after = await readScans();
  const more = Object.entries(after).filter(([name, scans]) => scans > (before[name] ?? 0));
  const scanned = new Set(more.map(([name]) => name));
  expect([...growingTables].filter((table) => scanned.has(table))).toEqual([]);
  expect([...scanned]).toEqual(
    expect.arrayContaining([
      "users_pkey",
      "users_email_unique",
      "users_created_at_id_index",
      "users_email_prefix",
      "users_staff",
      "outbox_to",
      "auth_providers_user_id_provider_pk",
      "sessions_token_digest_unique",
      "sessions_user_id_index",
      "sessions_expiry_check_at_index",
      "verifications_token_digest_unique",
      "verifications_identifier_purpose_index",
      "verifications_requesting_browser_digest_index",
      "verifications_expires_at_index",
      "outbox_due",
      "outbox_done",
      "outbox_dead",
      "limits_rule_key_hash_pk",
      "limits_expires_at_index",
      "known_devices_device_digest_user_id_pk",
      "known_devices_last_used_at_index",
    ]),
  );
});
