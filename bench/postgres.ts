import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { startCluster } from "../scripts/postgres-cluster.mjs";
import { type Statement, statementsIn, sizeOf } from "./statements";

/** A real Postgres with one fresh database, and a hand behind the servers; both end with this process. */
export interface Stage {
  readonly databaseUrl: string;
  /** The process all others of this Postgres are below. */
  readonly pid: number;
  readonly version: string;
  /** New connections have their statements logged, or no longer. */
  logStatements(on: boolean): Promise<void>;
  /** The statements that others run during an act; while they are logged. */
  during(act: () => Promise<unknown>): Promise<Statement[]>;
  /** Limits are not what is measured: nothing counts against anybody any more. */
  clearLimits(): Promise<void>;
  /** Users who are there already, like people who signed in before; at a provider they go by their address. */
  addUsers(addresses: readonly string[], account: Account): Promise<void>;
  /** Resolves when no letter waits: the courier works after the response, in the same process. */
  mailIsOut(): Promise<void>;
}

/** The one way in that an account has. */
export type Account =
  | { readonly provider: "magic_link" | "google" | "linkedin" }
  | { readonly provider: "email"; readonly passwordHash: string };

export async function openStage(): Promise<Stage> {
  const cluster = await startCluster();
  const onCluster = postgres(cluster.url, { max: 1, onnotice: () => {} });
  await onCluster`create database bench`;
  const url = new URL(cluster.url);
  url.pathname = "bench";
  const sql = postgres(url.href, { max: 1, onnotice: () => {} });
  const [{ pid, version }] = await sql<[{ pid: number; version: string }]>`
    select pg_backend_pid() as pid, current_setting('server_version') as version`;
  const log = join(dirname(cluster.data), "log");
  return {
    databaseUrl: url.href,
    pid: Number(readFileSync(join(cluster.data, "postmaster.pid"), "utf8").split("\n")[0]),
    version,
    async logStatements(on) {
      await onCluster.unsafe(`alter database bench set log_statement = '${on ? "all" : "none"}'`);
    },
    async during(act) {
      // A statement is logged before it runs, so the file's size is an exact mark between requests.
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
      // A provider that doesn't run the mailbox proves nothing of it (O3).
      const isOutside = provider === "google" || provider === "linkedin";
      await sql`with made as (
          insert into users (email, email_verified_at, password_hash)
          select unnest(${[...addresses]}::text[]), case when ${isOutside} then null else now() end,
            ${passwordHash}
          returning id, email
        ) insert into auth_providers (user_id, provider, subject, address)
          select id, ${provider}, outside, outside
          from made, lateral (select case when ${isOutside} then email end as outside) as seen`;
    },
    async mailIsOut() {
      for (let tries = 0; tries < 2_000; tries += 1) {
        const [{ waiting }] = await sql<[{ waiting: boolean }]>`
          select exists (select from outbox where state = 'queued') as waiting`;
        if (!waiting) return;
        await sleep(2);
      }
    },
  };
}
