import { sql } from "drizzle-orm";
import { expect } from "vitest";
import { rows } from "@/db/rows";
import { parseIdentifier } from "@/lib/core/identifier";
import { readSession } from "@/lib/store/sessions";
import { oauthMethods } from "@/lib/methods";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { passwordMethod } from "@/lib/methods/password";
import type { Letter } from "@/lib/core/letters";
import { bounds, lifetimes } from "@/lib/core/policy";
import type { Change } from "./change-log";
import type { TestWorld } from "./world";

/** Events that sign in and verify an email by consuming what was sent there. */
const verifyingEvents = [
  "magic_link.redeem",
  "email_code.redeem",
  "sign_up.verify",
  "password_reset.redeem",
  "password_reset.redeem_code",
];
/** Events that consume a secret, and the outcomes with which they do. */
const consumingEvents = [
  ...verifyingEvents,
  "step_up.code",
  "step_up.link",
  "setup.redeem",
  "access_link.redeem",
  "staff_email_change.confirm",
  "staff_email_change.stop_by_link",
  "email_change.verify",
  "email_change.undo",
  "account.restore_by_link",
  "sign_in_report.redeem",
];
const consumedOutcomes = [
  "ok",
  "account_disabled",
  "sign_up_closed",
  "already_signed_up",
  "email_in_use",
  "undo_too_late",
];
/** Outcomes after which the email counts as verified. */
const verifiedOutcomes = ["ok", "account_disabled"];
/** Events that begin a session. */
const signInEvents = [...verifyingEvents, "password.sign_in", "access_link.redeem"];
/** Events that end an OAuth attempt; their cause is the decision. */
const oauthEvents = ["oauth.complete", "oauth.switch_account"];
/** Causes with which an OAuth attempt signed a user in. */
const signInCause = /^\w+(:signed_up(_unverified)?)?$/;
/** Accepted requests for an email, and changes of which the owner is notified. */
const emailEvents = [
  "magic_link.request",
  "sign_up.request",
  "sign_up.resend",
  "password_reset.request",
  "step_up.request",
  "email_change.request",
  "email_change.verify",
  "account.delete",
  "access_link.issue",
  "staff_email_change.start",
  "staff_email_change.confirm",
  "staff_email_change.cancel",
  "staff_email_change.stop",
  "staff_email_change.stop_by_link",
  "password_reset.redeem",
  "password_reset.redeem_code",
  "password.set",
  "password.remove",
  "session.report",
  "methods.unlock",
  "auth_provider.link",
  "auth_provider.unlink",
  "setup.redeem",
  "pending_sign_up.resend",
  "outbox.send_test",
  "invitation.send",
  "user.disable",
  "user.enable",
  "user.change_role",
];

/** Runs after every test on a database. */
export const expectInvariants = async (world: TestWorld) =>
  expect(await brokenInvariants(world)).toEqual([]);

/**
 * Checks the database and its recorded changes against the invariants. Returns one line for each
 * violation, beginning with the violated invariant.
 */
export async function brokenInvariants(tested: TestWorld): Promise<string[]> {
  const world = { ...tested, db: tested.checks };
  const runs = await changesByRun(world);
  return [
    ...(await violationsOfRows(world)),
    ...(await nonCanonicalAddresses(world)),
    ...effectsOfSecrets(runs),
    ...effectsOfRepetitions(runs),
    ...linkedByOAuthAttempts(runs),
    ...(await misreadSessions(world)),
    ...lettersOfRequests(runs),
    ...lettersOfNewDevices(runs),
    ...(await bytesOfLetters(world)),
    ...unrecordedChanges(runs),
    ...(await exposedSecrets(world)),
  ];
}

const oauthNames = () => oauthMethods().map(({ storedName }) => storedName);

/** Violations that rows show by themselves: each query finds them. */
const violations = (world: TestWorld) => ({
  /** I1: one user per address. */
  "I1 twice": sql`select email from users group by email having count(*) > 1`,

  /**
   * I2: a sign-in method has a user, and is unique per user and per identity. Every user has one,
   * or removed the last row while the e-mail link, which needs none, was enabled.
   */
  "I2 method without a user": sql`select * from auth_providers p
    where not exists (select from users u where u.id = p.user_id)`,
  "I2 twice": sql`
    select user_id::text, provider from auth_providers group by 1, 2 having count(*) > 1
    union all select subject, provider from auth_providers
    where subject is not null group by 1, 2 having count(*) > 1`,
  "I2 user without a method": sql`select id from users u where disabled_at is null
    and not exists (select from auth_providers p where p.user_id = u.id)
    and not (${world.env.methods.includes(magicLinkMethod.id)} and exists (select from audit_events e
      where e.subject_id = u.id and e.outcome = 'ok'
        and e.event in ('password.remove', 'auth_provider.unlink')))`,

  /**
   * I2, O1: methods of providers have the identity there, others have none; only the former can
   * need confirmation.
   */
  "I2 subject": sql`select * from auth_providers
    where (provider in ${oauthNames()}) <> (subject is not null)
      or (provider not in ${oauthNames()} and confirmation_required_at is not null)`,

  /** I3: a secret is consumed in time, never after it was voided, and once. */
  "I3 consumed late or void": sql`select id from verifications
    where consumed_at > expires_at or (consumed_at is not null and voided_at is not null)`,
  "I3 consumed again": sql`select "row" from watch.changes where "table" = 'verifications'
    and op = 'UPDATE' and 'consumed_at' = any(changed) group by "row" having count(*) > 1`,

  "I3 OAuth attempt completed or consumed again": sql`select "row" from watch.changes
    where "table" = 'oauth_attempts' and op = 'UPDATE'
    group by "row" having count(*) filter (where 'returned_at' = any(changed)) > 1
      or count(*) filter (where 'consumed_at' = any(changed)) > 1`,

  "I3 pending before the callback": sql`select id from oauth_attempts
    where subject is not null and returned_at is null`,

  /** I4: no session outlives the longest lifetime. */
  "I4 too long": sql`select id from sessions
    where ends_at > created_at + make_interval(secs => ${longestSession(world)})`,

  /**
   * I5: an email is queued with its payload, or ended as sent or dead, with the reason and without
   * the payload.
   */
  "I5 half ended": sql`select id, state, reason from outbox where not case state
    when 'queued' then payload is not null and done_at is null and reason is null
    when 'sent' then payload is null and rendered is null and done_at is not null and reason is null
    else payload is null and rendered is null and done_at is not null and reason is not null end`,

  /** I8: an address counts as verified exactly when the audit log contains its verification. */
  "I8 verified": sql`select id, email_verified_at from users u
    where (email_verified_at is not null) <> exists (select from audit_events e
      where e.subject_id = u.id and (
        e.event in (${list([...verifyingEvents, "email_change.verify"])}) and e.outcome in (${list(verifiedOutcomes)})
        or e.event in (${list(oauthEvents)}) and e.outcome = 'ok' and e.cause like '%:signed_up'))`,

  /**
   * P1, P2: a usable password belongs to a sign-in method, and every user has a verified email or a
   * provider.
   */
  "P2 password without a method": sql`select id from users u where password_hash is not null
    and not exists (select from auth_providers p where p.user_id = u.id and p.provider = ${passwordMethod.storedName})`,
  "P2 method without a password": sql`select user_id from auth_providers p join users u on u.id = p.user_id
    where p.provider = ${passwordMethod.storedName} and u.password_hash is null`,
  /** I7: only the argon2id hash of a password is stored. */
  "I7 password": sql`select id from users where password_hash not like '$argon2id$%'
    union all select id from verifications where password_hash not like '$argon2id$%'`,

  /** I10, as far as rows show: no secret had more attempts than the limit. */
  "I10 tries": sql`select id, attempts from verifications where attempts > ${bounds.codeAttempts}`,
});

const list = (texts: string[]) =>
  sql.join(
    texts.map((word) => sql`${word}`),
    sql`, `,
  );

const longestSession = ({ env }: TestWorld) =>
  Math.max(env.lifetimes.session, env.lifetimes.rememberedSession, lifetimes.rememberedSession);

async function violationsOfRows(world: TestWorld) {
  const queries = Object.entries(violations(world)).map(
    ([rule, query]) =>
      sql`select ${rule}::text as rule, to_jsonb(x)::text as row from (${query}) x`,
  );
  const found = await rows<{ rule: string; row: string }>(
    world.db,
    sql.join(queries, sql` union all `),
  );
  return found.map(({ rule, row }) => `${rule}: ${row}`);
}

/** I1: addresses are stored in their canonical spelling. */
async function nonCanonicalAddresses({ db }: TestWorld) {
  const people = await rows<{ email: string }>(db, sql`select email from users`);
  return people
    .filter(({ email }) => parseIdentifier(email) !== email)
    .map(({ email }) => `I1 not canonical: ${email}`);
}

/**
 * I3: a transaction consumes one secret at most, and if it does it has exactly one effect: the
 * audit row, and the session if the outcome is "ok". No session comes from anything else.
 */
function effectsOfSecrets(runs: Change[][]) {
  return runs
    .map((changes) => ({
      consumed: changes.filter(
        ({ table, op, changed }) =>
          table === "verifications" && op === "UPDATE" && changed.includes("consumed_at"),
      ).length,
      recorded:
        changes.filter(isEvent(consumingEvents, consumedOutcomes)).length +
        // A session or an account that ended meanwhile is noticed after the secret was consumed.
        changes.filter(isEvent(["step_up.code", "step_up.link"], ["sign_in_required"])).length +
        changes.filter(({ cause }) => cause === "no_account").length,
      newSessions:
        changes.filter(isEvent(signInEvents, ["ok"])).length +
        changes
          .filter(isEvent(oauthEvents, ["ok"]))
          .filter(({ cause }) => signInCause.test(cause ?? "")).length,
      sessions: changes.filter(({ table, op }) => table === "sessions" && op === "INSERT").length,
    }))
    .filter(
      ({ consumed, recorded, newSessions, sessions }) =>
        consumed !== recorded || consumed > 1 || sessions !== newSessions,
    )
    .map((counts) => `I3 effect: ${JSON.stringify(counts)}`);
}

/**
 * I3: a repetition has no effect but a new token for the session that there is: nothing is consumed,
 * created, deleted or mailed again. The browser of a new token is a known device.
 */
function effectsOfRepetitions(runs: Change[][]) {
  const isToken = ({ table, op }: Change) => table === "sessions" && op === "UPDATE";
  const isAllowed = (change: Change) =>
    isToken(change) ||
    ["audit_events", "audit_event_details", "known_devices"].includes(change.table) ||
    (change.table === "verifications" && only(change.changed, ["repeats"])) ||
    // A session of another sign-in that the browser had meanwhile.
    (change.table === "sessions" && change.op === "DELETE");
  return runs
    .filter((changes) => changes.some(({ cause }) => isRepetition(cause)))
    .map((changes) => ({
      tokens: changes.filter(isToken).length,
      others: changes
        .filter((change) => !isAllowed(change))
        .map(({ op, table }) => `${op} ${table}`),
    }))
    .filter(({ tokens, others }) => tokens > 1 || others.length > 0)
    .map((counts) => `I3 repetition: ${JSON.stringify(counts)}`);
}

/**
 * I2: completing an OAuth attempt creates a user with one sign-in method, or neither; it never
 * links (O4). And an identity never moves to another user.
 */
function linkedByOAuthAttempts(runs: Change[][]) {
  const inserted = (changes: Change[], name: string) =>
    changes.filter(({ table, op }) => table === name && op === "INSERT").length;
  return runs.flatMap((changes) => {
    const oauthEvent = changes.find(({ event }) => oauthEvents.includes(event ?? ""));
    const created = Number(/:signed_up/.test(oauthEvent?.cause ?? ""));
    const [users, methods] = [inserted(changes, "users"), inserted(changes, "auth_providers")];
    const moved = changes.filter(
      ({ table, op, changed }) =>
        table === "auth_providers" &&
        op === "UPDATE" &&
        ["user_id", "provider", "subject"].some((name) => changed.includes(name)),
    ).length;
    return [
      ...(oauthEvent && (users !== created || methods !== created)
        ? [`I2 linked by an OAuth attempt: ${JSON.stringify({ created, users, methods })}`]
        : []),
      ...(moved > 0 ? [`I2 identity moved: ${moved}`] : []),
    ];
  });
}

/** I4: a session's token signs in exactly while the session is valid and its user is enabled. */
async function misreadSessions({ db }: TestWorld) {
  const saved = await rows<{ digest: string; live: boolean }>(
    db,
    sql`select s.token_digest as digest,
          u.id is not null and u.disabled_at is null and s.ends_at > now()
          and s.last_seen_at + make_interval(secs => s.idle_seconds) > now() as live
        from sessions s left join users u on u.id = s.user_id`,
  );
  const wrong: string[] = [];
  for (const { digest, live } of saved)
    if (((await readSession(db, digest)) !== null) !== live)
      wrong.push(`I4: a session that ${live ? "lives" : "is over"} is read otherwise`);
  return wrong;
}

/**
 * I5: an accepted request for an email, and a change with a notice, queued exactly one email; nothing else
 * did, except a sign-in from a new device. A deletion also tells the addresses that the account had before.
 */
function lettersOfRequests(runs: Change[][]) {
  return runs
    .map((changes) => ({
      requests:
        changes.filter(isEvent(emailEvents, ["ok"])).length +
        // To both addresses; or to the new one, when the change was not possible.
        changes.filter(isEvent(["staff_email_change.apply"], ["ok"])).length * 2 +
        changes.filter(isEvent(["staff_email_change.apply"], ["email_in_use", "link_invalid"]))
          .length,
      letters: changes.filter(isLetter).filter(({ kind }) => !isExtra(kind)).length,
    }))
    .filter(({ requests, letters }) => requests !== letters)
    .map((counts) => `I5 letters: ${JSON.stringify(counts)}`);
}

const isLetter = ({ table, op }: Change) => table === "outbox" && op === "INSERT";
const newDevice: Letter["kind"] = "new_device_sign_in";
const formerAccountDeleted: Letter["kind"] = "former_account_deleted";
const isExtra = (kind: unknown) => kind === newDevice || kind === formerAccountDeleted;

/**
 * R6: a session of a device that was not known is reported once, unless its run created the user or tells
 * of a new password. One that takes the place of another need not be.
 */
function lettersOfNewDevices(runs: Change[][]) {
  const isInsert = (name: string) => (change: Change) =>
    change.table === name && change.op === "INSERT";
  return runs
    .map((changes) => ({
      isNew:
        changes.some(isInsert("sessions")) &&
        changes.some(isInsert("known_devices")) &&
        !changes.some(isInsert("users")) &&
        !changes.some(({ event }) => event?.startsWith("password_reset.")),
      isReplacement: changes.some(({ table, op }) => table === "sessions" && op === "DELETE"),
      letters: changes.filter(isLetter).filter(({ kind }) => kind === newDevice).length,
    }))
    .filter(
      ({ isNew, isReplacement, letters }) =>
        letters !== Number(isNew) && !(isNew && isReplacement && letters === 0),
    )
    .map((counts) => `R6 new device: ${JSON.stringify(counts)}`);
}

/**
 * I5: an email that was sent twice was sent with the same bytes, and no withheld email was sent.
 */
async function bytesOfLetters({ db, sent }: TestWorld) {
  const withheld = new Set(
    (
      await rows<{ id: string }>(
        db,
        sql`select id from outbox where state = 'dead' and attempts = 0`,
      )
    ).map(({ id }) => id),
  );
  const firstBytes = new Map<string, string>();
  return sent.flatMap((message) => {
    const bytes = JSON.stringify(message);
    const first = firstBytes.get(message.id) ?? bytes;
    firstBytes.set(message.id, first);
    return [
      ...(first === bytes ? [] : [`I5 other bytes: ${message.id}`]),
      ...(withheld.has(message.id) ? [`I5 withheld, yet sent: ${message.id}`] : []),
    ];
  });
}

/**
 * I6: a transaction that changes state has exactly one audit row with its details. The courier's
 * changes to emails and to a link's expiry, and a session's last use, are no change of state.
 */
function unrecordedChanges(runs: Change[][]) {
  const isQuiet = ({ table, op, changed }: Change) =>
    table === "audit_events" ||
    table === "audit_event_details" ||
    (op === "UPDATE" &&
      (table === "outbox" ||
        (table === "verifications" && only(changed, ["expires_at", "code_expires_at"])) ||
        (table === "sessions" && only(changed, ["last_seen_at"])) ||
        // The new token of a renewed session was presented, so the previous one ends.
        (table === "sessions" &&
          only(changed, ["previous_token_digest", "previous_authenticated_at", "renewed_at"]))));
  return runs
    .map((changes) => ({
      changed: changes
        .filter((change) => !isQuiet(change))
        .map(({ op, table }) => `${op} ${table}`),
      events: changes.filter(({ table }) => table === "audit_events").length,
      traces: changes.filter(({ table, op }) => table === "audit_event_details" && op === "INSERT")
        .length,
    }))
    .filter(
      ({ changed, events, traces }) =>
        events !== traces || events > 1 || (changed.length > 0 && events !== 1),
    )
    .map((counts) => `I6: ${JSON.stringify(counts)}`);
}

const only = (changed: string[], allowed: string[]) =>
  changed.every((name) => allowed.includes(name));

/**
 * I7, as far as the database and the log reach: neither contains a token or a code that was ever
 * generated. Timestamps are left out, as six digits of a fraction may look like a code.
 */
async function exposedSecrets(world: TestWorld) {
  const saved = `${await dump(world)}\n${JSON.stringify(world.logged)}`;
  const codesSeen = new Set(saved.replace(/\d{4}-\d\d-\d\d[T ][\d:.]+/g, "").match(/\b\d{6}\b/g));
  return [
    ...[...world.secrets.tokens]
      .filter((token) => saved.includes(token))
      .map((token) => `I7 token: ${token}`),
    ...[...world.secrets.codes]
      .filter((code) => codesSeen.has(code))
      .map((code) => `I7 code: ${code}`),
  ];
}

/** All rows of all tables, as text. `except` leaves a table out, such as the counts of limits. */
export async function dump({ db }: Pick<TestWorld, "db">, except = ""): Promise<string> {
  const names = tablesOf.get(db) ?? (await readTables(db));
  tablesOf.set(db, names);
  const texts = await rows<{ text: string }>(
    db,
    sql.join(
      names
        .filter((name) => name !== except)
        .map(
          (name) =>
            sql`select ${name} || ' ' || to_jsonb(t)::text as text from ${sql.identifier(name)} t`,
        ),
      sql` union all `,
    ),
  );
  return texts.map(({ text }) => text).join("\n");
}

/** Reading the catalogue takes longer than the dump, and a test's tables stay the same. */
const tablesOf = new WeakMap<TestWorld["db"], readonly string[]>();

async function readTables(db: TestWorld["db"]): Promise<readonly string[]> {
  const found = await rows<{ name: string }>(
    db,
    sql`select tablename as name from pg_tables where schemaname = 'public' order by 1`,
  );
  return found.map(({ name }) => name);
}

const isEvent =
  (events: string[], outcomes: string[]) =>
  ({ table, event, outcome, cause }: Change) =>
    table === "audit_events" &&
    events.includes(event ?? "") &&
    outcomes.includes(outcome ?? "") &&
    !isRepetition(cause);

/** The cause of an audit row about what had its effect before: the response may have been lost. */
const isRepetition = (cause: string | null) => /(^|:)repeated$/.test(cause ?? "");

/** The recorded changes, one list per transaction. */
async function changesByRun({ db }: TestWorld): Promise<Change[][]> {
  const changes = await rows<Change>(
    db,
    sql`select xid::text, "table", "row", op, to_json(changed) as changed, kind, event, outcome, cause from watch.changes order by id`,
  );
  const runs = new Map<string, Change[]>();
  for (const change of changes) runs.set(change.xid, [...(runs.get(change.xid) ?? []), change]);
  return [...runs.values()];
}

/** I1 and I2 hold by index; checked once, as no test changes the tables. */
export async function expectUniqueIndexes({ db }: TestWorld): Promise<void> {
  const indexes = await rows<{ definition: string }>(
    db,
    sql`select indexdef as definition from pg_indexes where schemaname = 'public'`,
  );
  for (const [table, columns] of [
    ["users", "email"],
    ["auth_providers", "user_id, provider"],
    ["auth_providers", "provider, subject"],
  ])
    expect(indexes.map(({ definition }) => definition)).toContainEqual(
      expect.stringMatching(`^CREATE UNIQUE INDEX .* ON public.${table} .*\\(${columns}\\)$`),
    );
}
