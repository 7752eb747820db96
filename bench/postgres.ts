import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { startCluster } from "../scripts/postgres-cluster.mjs";
import { Failure } from "../scripts/run.mjs";
import { type Statement, statementsIn, sizeOf } from "./statements";

/** A real Postgres with one new database, which ends with this process. */
export interface Stage {
  readonly databaseUrl: string;
  /** The parent of all processes of this Postgres. */
  readonly pid: number;
  readonly version: string;
  /** Creates one more database, with these tables; returns its URL. */
  addDatabase(name: string, tables?: string): Promise<string>;
  /** The file of its log. */
  readonly log: string;
  /** Turns the statement log of new connections on or off. */
  logStatements(on: boolean): Promise<void>;
  /** The logged statements of other connections during an act. */
  during(act: () => Promise<unknown>): Promise<Statement[]>;
  /** Clears all limits, because they are not measured. */
  clearLimits(): Promise<void>;
  /** Adds users who have signed in before. Their subject at a provider is their address. */
  addUsers(addresses: readonly string[], account: Account): Promise<void>;
  /**
   * Resolves when no letter is queued: the courier runs after the response, in the same process. Looks
   * every `everyMs` milliseconds; throws a `Failure` after 2,000 looks.
   */
  mailIsOut(everyMs?: number): Promise<void>;
  /** Inserts a row of its own and commits; returns the milliseconds. */
  insertAndCommit(text: string): Promise<number>;
  /** Ends Postgres and deletes its data. */
  close(): Promise<void>;
}

/** An account's only sign-in method. */
export type Account =
  | { readonly provider: "magic_link" | "google" | "linkedin" }
  | { readonly provider: "email"; readonly passwordHash: string };

/** `settings` are lines of postgresql.conf. */
export async function openStage(settings: string[] = []): Promise<Stage> {
  const cluster = await startCluster(settings);
  const clusterSql = postgres(cluster.url, { max: 1, onnotice: () => {} });
  const addDatabase = async (name: string, tables = "") => {
    await clusterSql`create database ${clusterSql(name)}`;
    const url = new URL(cluster.url);
    url.pathname = name;
    const sql = postgres(url.href, { max: 1 });
    await sql.unsafe(tables);
    await sql.end();
    return url.href;
  };
  const databaseUrl = await addDatabase("bench");
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  const [{ pid, version }] = await sql<[{ pid: number; version: string }]>`
    select pg_backend_pid() as pid, current_setting('server_version') as version`;
  const log = join(dirname(cluster.data), "log");
  return {
    databaseUrl,
    pid: Number(readFileSync(join(cluster.data, "postmaster.pid"), "utf8").split("\n")[0]),
    version,
    addDatabase,
    log,
    async logStatements(on) {
      await clusterSql.unsafe(
        `alter role current_user set log_statement = '${on ? "all" : "none"}'`,
      );
    },
    async during(act) {
      // A statement is logged before it runs, so the file's size separates requests exactly.
      const from = sizeOf(log);
      await act();
      return statementsIn(log, from).filter((statement) => statement.pid !== pid);
    },
    async clearLimits() {
      await sql`truncate limits`;
    },
    async addUsers(addresses, account) {
      const { provider } = account;
      const passwordHash = provider === "email" ? account.passwordHash : null;
      // A provider that does not host the mailbox does not verify it (O3).
      const isProvider = provider === "google" || provider === "linkedin";
      await sql`with inserted as (
          insert into users (email, email_verified_at, password_hash)
          select unnest(${[...addresses]}::text[]), case when ${isProvider} then null else now() end,
            ${passwordHash}
          returning id, email
        ) insert into auth_providers (user_id, provider, subject, address)
          select id, ${provider}, identity.subject, identity.subject
          from inserted, lateral (select case when ${isProvider} then email end as subject) as identity`;
    },
    async mailIsOut(everyMs = 2) {
      for (let tries = 0; tries < 2_000; tries += 1) {
        const [{ waiting }] = await sql<[{ waiting: boolean }]>`
          select exists (select from outbox where state = 'queued') as waiting`;
        if (!waiting) return;
        await sleep(everyMs);
      }
      throw new Failure("Emails still wait after 2,000 looks.");
    },
    async insertAndCommit(text) {
      await sql`create table if not exists bench_inserts (id serial primary key, content text)`;
      const since = performance.now();
      await sql`insert into bench_inserts (content) values (${text})`;
      return performance.now() - since;
    },
    close: () => cluster.stop(),
  };
}
