import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { createDatabase } from "@/test/support/template";

export interface Database {
  readonly url: string;
  drop(): Promise<void>;
}

/** A new, empty database on the cluster that `npm test` starts. The server creates the tables. */
export function newDatabase(): Promise<Database> {
  const cluster = process.env.TEST_POSTGRES_URL;
  if (!cluster)
    throw new Error("TEST_POSTGRES_URL is not set: `npm test -- --only=e2e` starts a Postgres.");
  return createDatabase(cluster, `e2e_${randomUUID().replaceAll("-", "")}`, "empty");
}

/** Direct access to the server's database: reads rows, and moves their times. */
export class Db {
  readonly sql: postgres.Sql;

  constructor(url: string) {
    this.sql = postgres(url, { max: 2, onnotice: () => {} });
  }

  close = () => this.sql.end();

  /** Every row of every table, as text and in a stable order. Seals are made in the background. */
  async dump(): Promise<Record<string, string[]>> {
    const tables = await this.sql<{ name: string }[]>`
      select table_name as name from information_schema.tables
      where table_schema = 'public' and table_name <> 'audit_seals' order by table_name`;
    const dumped = await Promise.all(
      tables.map(async ({ name }) => {
        const rows = await this.sql<{ row: string }[]>`
          select t::text as row from ${this.sql(name)} t order by 1`;
        return [name, rows.map(({ row }) => row)] as const;
      }),
    );
    return Object.fromEntries(dumped);
  }

  /** The columns, as "table.column", with a value that matches a pattern. Timestamps are left out. */
  async columnsMatching(pattern: string): Promise<string[]> {
    const tables = Object.keys(await this.dump());
    const found = await Promise.all(
      tables.map(
        (table) => this.sql<{ name: string }[]>`
          select distinct ${table} || '.' || key as name
          from ${this.sql(table)} t, jsonb_each_text(to_jsonb(t))
          where regexp_replace(value, '\d{4}-\d\d-\d\d[T ][\d:.]+', '', 'g') ~ ${pattern}`,
      ),
    );
    return found.flatMap((rows) => rows.map(({ name }) => name)).sort();
  }

  /** Moves every timestamp of these rows back, as if that much time had passed. */
  async advance(table: string, by: string, where: { column: string; is: string }): Promise<void> {
    const columns = await this.sql<{ name: string; array: boolean }[]>`
      select column_name as name, data_type = 'ARRAY' as array from information_schema.columns
      where table_schema = 'public' and table_name = ${table}
        and (data_type = 'timestamp with time zone' or udt_name = '_timestamptz')`;
    for (const { name, array } of columns) {
      const column = this.sql(name);
      const older = array
        ? this.sql`array(select hit - ${by}::interval from unnest(${column}) as hit)`
        : this.sql`${column} - ${by}::interval`;
      await this.sql`update ${this.sql(table)} set ${column} = ${older}
        where ${this.sql(where.column)}::text = ${where.is}`;
    }
  }

  /** Moves the times of all limits back, as if that much time had passed. */
  async ageLimits(by: string): Promise<void> {
    await this.changeLimits(
      (tx) => tx`update limits set expires_at = expires_at - ${by}::interval,
        hits = array(select hit - ${by}::interval from unnest(hits) as hit)`,
    );
  }

  /** Clears all limits but those named, because one test must not use up the limits of the next. */
  async clearLimits(...except: string[]): Promise<void> {
    await this.changeLimits((tx) => tx`delete from limits where rule <> all(${except})`);
  }

  async clearOnlyLimits(...only: string[]): Promise<void> {
    await this.changeLimits((tx) => tx`delete from limits where rule = any(${only})`);
  }

  /**
   * Changes many limits at once. A server locks the rows of a request one after another, in an order of
   * its own; without the lock on the table, the two could wait for each other.
   */
  private async changeLimits(change: (tx: postgres.TransactionSql) => Promise<unknown>) {
    await this.sql.begin(async (tx) => {
      await tx`lock table limits in exclusive mode`;
      await change(tx);
    });
  }

  async sessionsOf(email: string) {
    return this.sql<{ id: string; browser: string; method: string; ip: string | null }[]>`
      select s.id, s.browser, s.method, s.ip from sessions s join users u on u.id = s.user_id
      where u.email = ${email} order by s.created_at`;
  }

  async verificationsOf(email: string) {
    return this.sql<{ state: string; tries: number; next: string; remember: boolean }[]>`
      select attempts as tries, next, remember,
        case when consumed_at is not null then 'used' when voided_at is not null then 'voided'
          when expires_at <= now() then 'expired' else 'live' end as state
      from verifications where identifier = ${email} order by created_at`;
  }

  /** The number of users, or of users with this address. */
  async users(email?: string): Promise<number> {
    const [counted] = await this.sql<{ n: number }[]>`
      select count(*)::int as n from users where ${email ?? null}::text is null or email = ${email ?? null}`;
    return counted?.n ?? 0;
  }

  /** The cause in the last audit row of this event. */
  async lastCause(event: string): Promise<string> {
    const [last] = await this.sql<{ cause: string | null }[]>`
      select cause from audit_events where event = ${event} order by id desc limit 1`;
    return last?.cause ?? "";
  }

  /** Letters but those about new devices, which any sign-in may cause. */
  async lettersTo(email: string) {
    return this.sql<{ state: string; reason: string | null; kind: string }[]>`
      select state, reason, kind from outbox
      where to_address = ${email} and kind <> 'new_device_sign_in' order by created_at`;
  }

  async auditOf(email: string) {
    return this.sql<{ event: string; outcome: string; cause: string | null }[]>`
      select e.event, e.outcome, e.cause from audit_events e join audit_event_details t on t.event_id = e.id
      where t.identifier = ${email} order by e.id`;
  }

  /** Lets a user have verified the address, as if a provider had said so. */
  async markVerified(email: string): Promise<void> {
    await this.sql`with verified as (
        update users set email_verified_at = now() where email = ${email} returning id
      )
      insert into audit_events (event, outcome, cause, subject_id, request_id)
      select 'oauth.complete', 'ok', 'google:signed_up', id, 'a test' from verified`;
  }

  /** Whether no letter is queued: the courier then changes no more rows. */
  async isOutboxEmpty(): Promise<boolean> {
    const [waiting] = await this.sql<{ n: number }[]>`
      select count(*)::int as n from outbox where state = 'queued'`;
    return waiting?.n === 0;
  }

  /** The rows that violate what must hold after every test. */
  async violations(): Promise<string[]> {
    const found = await this.sql<{ what: string }[]>`
      select 'two users for ' || lower(email) as what from users group by lower(email) having count(*) > 1
      union all
      select 'no sign-in method for user ' || id from users u
        where not exists (select from auth_providers p where p.user_id = u.id) and disabled_at is null
          -- Users who removed their last row can still use the link, which has none.
          and not exists (select from audit_events e where e.subject_id = u.id and e.outcome = 'ok'
            and e.event in ('password.remove', 'auth_provider.unlink'))
      union all
      select 'letter ' || id || ' is dead without a reason' from outbox where state = 'dead' and reason is null
      union all
      select 'letter ' || id || ' is done and still has its payload' from outbox
        where state <> 'queued' and (payload is not null or rendered is not null)
      union all
      select 'verified without an audit event: ' || id from users u
        where email_verified_at is not null and not exists (
          select from audit_events e where e.subject_id = u.id
            and (e.event like '%.redeem' or e.event in (
                'password_reset.redeem_code', 'sign_up.verify', 'email_change.verify')
              or e.cause like '%:signed_up')
            and e.outcome in ('ok', 'account_disabled'))
      union all
      select 'more redemptions than consumed secrets: ' || redeemed || ' of ' || consumed from (
        select (select count(*) from audit_events where outcome = 'ok'
            -- A repetition consumes nothing.
            and coalesce(cause, '') !~ '(^|:)repeated$' and (event like '%.redeem'
            or event in ('password_reset.redeem_code', 'sign_up.verify', 'step_up.code', 'step_up.link',
              'email_change.verify', 'email_change.undo', 'account.restore_by_link',
              'staff_email_change.confirm', 'staff_email_change.stop_by_link'))) as redeemed,
          (select count(*) from verifications where consumed_at is not null) as consumed
        ) counted where redeemed > consumed
      union all
      select 'a password hash without its method, or the method without a hash: ' || u.id from users u
        where (password_hash is not null) <> exists (
          select from auth_providers p where p.user_id = u.id and p.provider = 'email')
      union all
      select 'tried too often: ' || id from verifications where attempts > 5`;
    return found.map(({ what }) => what);
  }
}
