import { Agent, type OutgoingHttpHeaders } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "drizzle-orm";
import { type Database, openDatabase } from "@/db/client";
import { migrateUp } from "@/db/migrate";
import { postgresLimiter } from "@/lib/adapters/postgres-limiter";
import type { Identifier } from "@/lib/core/identifier";
import { bounds, limits } from "@/lib/core/policy";
import { lettersQueued } from "@/lib/store/outbox";
import { purge, readPurgeFacts } from "@/lib/store/purge";
import { Failure } from "../scripts/run.mjs";
import { addressOf, tokenOf } from "@/test/support/many-rows";
import { fill, password, readSizes, type Relation } from "./growth-data";
import { type HttpResponse, send } from "./http";
import { forEachAtOnce } from "./load";
import { growingPartsOf, indexesOf, logPlans, pagesOf, plansDuring, type RunPlan } from "./plans";
import { openStage, type Stage } from "./postgres";
import { canLookInside, cpuMs } from "./processes";
import { keys, type Latchkey, startLatchkey } from "./servers";
import { newNetwork, redeem, requestLink, signIn } from "./sign-in";
import { median, shuffled } from "./statistics";

/** One installation: its own Postgres, so that its processor time is told apart from that of the others. */
interface Installation {
  readonly users: number;
  readonly stage: Stage;
  readonly latchkey: Latchkey;
  /** Statements of this process, for the work that no request does. */
  readonly database: Database;
  /** Users that are spread over the whole table; each has a session. */
  readonly sample: readonly number[];
  /** Of the session's cookie. */
  readonly cookieName: string;
}

interface Measured extends Installation {
  readonly plans: Plans;
}

/** Work, and how often it is done for a figure. */
interface Work {
  readonly times: number;
  /** Brings what is not measured: rows to purge, letters to send, sessions that were seen just now. */
  readonly prepare?: (at: Installation, times: number) => Promise<unknown>;
  readonly act: (at: Installation, times: number) => Promise<unknown>;
}

const atOnce = 8;
const agent = new Agent({ keepAlive: true, maxSockets: atOnce });

/** The next user in an order that goes over the whole table: none is chosen twice within a round. */
const nextUser = ({ users }: Installation) => 1 + (((turn += 1) * 7_919) % users);
let turn = 0;

/** As many users as are asked for, from the sample. */
const some = ({ sample }: Installation, times: number) =>
  Array.from({ length: times }, (_, n) => sample[n % sample.length]!);

async function get(
  { latchkey, cookieName }: Installation,
  path: string,
  user: number,
): Promise<HttpResponse> {
  const headers = { cookie: `${cookieName}=${tokenOf(user)}` };
  const response = await send(latchkey.origin, path, { headers, agent });
  if (response.status !== 200) throw new Failure(`${path} returned ${response.status}.`);
  return response;
}

/** A first use writes when the session was seen; the next five minutes of it do not. */
const seen = (at: Installation, times: number) =>
  forEachAtOnce(some(at, times), atOnce, (user) => get(at, "/api/v1/session", user));

const page = (path: string, times: number): Work => ({
  times,
  prepare: seen,
  act: (at, n) => forEachAtOnce(some(at, n), atOnce, (user) => get(at, path, user)),
});

/** A page for staff, which one member of the sample is. */
const staffPage = (path: string): Work => ({
  times: 40,
  async prepare(at) {
    const [user] = some(at, 1);
    await at.database.db.execute(
      sql`with staff as (update users set role = 'admin' where email = ${addressOf(user!)} returning id)
        , recent as (update sessions set authenticated_at = now() where user_id in (select id from staff))
        delete from limits where rule = ${limits.userListsPerStaff.rule}`,
    );
    await get(at, "/api/v1/session", user!);
  },
  act: (at, n) =>
    forEachAtOnce(Array.from({ length: n }), atOnce, () => get(at, path, some(at, 1)[0]!)),
});

/** In each of five tables: enough for a figure. */
const purgedRows = 12 * bounds.purgeBatch;

const works = {
  "session check": page("/api/v1/session", 600),
  "sign-in by password": {
    times: 40,
    act: (at, times) =>
      forEachAtOnce(Array.from({ length: times }), atOnce, async () => {
        const { status, body } = await send(at.latchkey.origin, "/api/v1/sessions", {
          json: { email: addressOf(nextUser(at)), password },
          headers: newNetwork(),
          agent,
        });
        if (status !== 201) throw new Failure(`Signing in returned ${status}: ${body.toString()}`);
      }),
  },
  "link, request and redeem": {
    times: 20,
    async act(at, times) {
      for (let n = 0; n < times; n += 1) {
        const email = addressOf(nextUser(at));
        const headers: OutgoingHttpHeaders = newNetwork();
        await redeem(at.latchkey, email, await requestLink(at.latchkey, email, headers), headers);
      }
    },
  },
  "readiness check": page("/readyz", 80),
  "page of sign-in methods": page("/account/methods", 80),
  "page of sessions": page("/account/sessions", 80),
  "list of users, for staff": staffPage("/admin/users"),
  "search for a user, for staff": staffPage("/admin/users?search=user-7"),
  "limits of a sign-in": {
    times: 600,
    act: ({ database }, times) =>
      forEachAtOnce(Array.from({ length: times }), 1, async () => {
        const keyHash = `bench ${Math.random()}`;
        const uses = [limits.passwordsPerIp, limits.passwordsPerAccount].map((limit) => {
          return { limit, keyHash, effect: "reject" as const };
        });
        const limiter = postgresLimiter(database.db);
        await limiter.consume(uses);
        await limiter.refund([], [{ rule: limits.passwordsPerAccount.rule, keyHash }]);
      }),
  },
  "email sent by the worker": {
    times: 40,
    prepare: async ({ database }, times) => {
      const letters = Array.from({ length: times }, (_, n) => ({
        letter: {
          kind: "password_removed" as const,
          to: `letter-${n}@example.com` as Identifier,
          browser: "firefox/linux",
          at: new Date().toISOString(),
        },
        withheld: null,
      }));
      await database.db.execute(
        sql`with ${lettersQueued([keys.OUTBOX_KEY], letters)} select pg_sleep(0)`,
      );
    },
    act: async ({ stage }) => stage.mailIsOut(100),
  },
  "expired row, purged": {
    times: 5 * purgedRows,
    prepare: ({ database }) => addExpiredRows(database, purgedRows),
    async act({ database }, times) {
      await readPurgeFacts(database.db);
      const purged = await purge(database.db);
      if (purged < times) throw new Failure(`A purge deleted ${purged} rows, not ${times}.`);
    },
  },
} satisfies Record<string, Work>;

type WorkName = keyof typeof works;
type Plans = Record<WorkName, RunPlan[]>;
const workNames = Object.keys(works) as WorkName[];

/** As many in each of five tables. */
async function addExpiredRows({ db }: Database, rows: number): Promise<void> {
  const mark = `purged ${Math.random()}`;
  for (const statement of [
    sql`insert into sessions (token_digest, user_id, method, browser, idle_seconds, last_seen_at, ends_at)
      select ${mark} || n, (select id from users limit 1), 'email', '', 60, now() - interval '1 hour',
        now() + interval '1 day' from generate_series(1, ${rows}::int) n`,
    sql`insert into verifications (purpose, identifier, token_digest, code_hash, requesting_browser_digest,
        browser, is_decoy, from_known_device, remember, next, limit_hits, expires_at, code_expires_at)
      select 'magic_link', ${mark} || n, ${mark} || n, '', '', '', false, false, false, '/', '[]',
        now() - interval '2 days', now() - interval '2 days' from generate_series(1, ${rows}::int) n`,
    sql`insert into outbox (kind, to_address, state, done_at)
      select 'magic_link', ${mark}, 'sent', now() - interval '8 days' from generate_series(1, ${rows}::int) n`,
    sql`insert into limits (rule, key_hash, hits, granted, expires_at)
      select ${mark}, n::text, '{}', true, now() - interval '1 second' from generate_series(1, ${rows}::int) n`,
    sql`insert into known_devices (device_digest, user_id, last_used_at)
      select ${mark} || n, (select id from users limit 1), now() - interval '200 days'
      from generate_series(1, ${rows}::int) n`,
  ])
    await db.execute(statement);
}

/** Processor time of one piece of work, in milliseconds. */
interface Cpu {
  readonly all: number;
  readonly postgres: number;
}

async function measure(at: Installation, name: WorkName): Promise<Cpu> {
  const { times, prepare, act }: Work = works[name];
  await prepare?.(at, times);
  // What a request does after its response, and the last rows of the purge's work.
  await sleep(100);
  const soFar = () =>
    canLookInside
      ? { server: cpuMs([at.latchkey.pid]), postgres: cpuMs([at.stage.pid]) }
      : { server: NaN, postgres: NaN };
  const before = soFar();
  await act(at, times);
  await sleep(100);
  const after = soFar();
  const postgres = (after.postgres - before.postgres) / times;
  return { postgres, all: postgres + (after.server - before.server) / times };
}

/**
 * `npm run bench -- --growth` shows that what a request costs does not grow with the number of users: one
 * installation of each size, measured in turns. A statement that reads a growing table as a whole fails
 * the run. `sizes` are numbers of users, the smallest first.
 */
export async function measureGrowth(sizes: readonly number[], rounds: number) {
  // Each server and each Postgres ends with this process.
  process.setMaxListeners(30);
  const installations: Measured[] = [];
  for (const users of sizes) installations.push(await install(users));
  const figures = installations.map(
    () =>
      Object.fromEntries(workNames.map((name) => [name, []])) as unknown as Record<WorkName, Cpu[]>,
  );
  for (let round = 0; round <= rounds; round += 1) {
    console.log(round === 0 ? "Warming up …" : `Round ${round} of ${rounds} …`);
    for (const name of shuffled(workNames))
      for (const at of shuffled(installations)) {
        const cpu = await measure(at, name);
        console.log(
          `  ${name}, ${at.users} users: ${short(cpu.all)} ms, ${short(cpu.postgres)} of Postgres`,
        );
        if (round > 0) figures[installations.indexOf(at)]![name].push(cpu);
      }
  }
  const results = [];
  for (const [n, at] of installations.entries()) {
    await at.latchkey.stop();
    await at.database.close();
    const relations = await readSizes(at.stage.databaseUrl);
    results.push({ users: at.users, cpu: figures[n]!, plans: at.plans, relations });
    await at.stage.close();
  }
  return results;
}

type GrowthResults = Awaited<ReturnType<typeof measureGrowth>>;

/**
 * A quarter of the memory of a machine for this size, as Postgres advises; autovacuum would disturb rounds.
 */
const postgresSettings = [
  "shared_buffers = 3GB",
  "maintenance_work_mem = 512MB",
  "max_wal_size = 2GB",
  "wal_level = minimal",
  "max_wal_senders = 0",
  "autovacuum = off",
];

async function install(users: number): Promise<Measured> {
  console.log(`Filling ${users} users …`);
  const stage = await openStage(postgresSettings);
  const database = await open(stage);
  await migrateUp(database.db);
  await fill(stage.databaseUrl, users);
  // Evenly from the whole table, and not the same pages.
  const length = Math.min(users, 1_000);
  const sample = Array.from({ length }, (_, n) => 1 + Math.floor((n * users) / length));
  const plans = await readPlans({ users, stage, sample });
  const latchkey = await startLatchkey(stage.databaseUrl, { TRUSTED_PROXY_HOPS: "1" });
  const cookieName = cookieNameIn(await signIn(latchkey));
  return { users, stage, latchkey, database, sample, cookieName, plans };
}

const cookieNameIn = (cookie: string) => cookie.split("=")[0]!;

const open = ({ databaseUrl }: Stage) => openDatabase({ url: databaseUrl, directory: "" });

/** Repetitions on one connection after which Postgres may choose a plan without parameters, and more. */
const planned = 8;

/**
 * The plans of each work, of a server and connections of their own, because logging them costs time. No
 * other server runs meanwhile: its courier would send some of the letters.
 */
async function readPlans(at: Pick<Installation, "users" | "stage" | "sample">): Promise<Plans> {
  console.log(`Reading plans at ${at.users} users …`);
  await logPlans(at.stage, true);
  const latchkey = await startLatchkey(at.stage.databaseUrl, { TRUSTED_PROXY_HOPS: "1" });
  const database = await open(at.stage);
  // The first use of a connection queries Postgres for its types.
  const cookieName = cookieNameIn(await signIn(latchkey));
  const logged = { ...at, latchkey, database, cookieName };
  const found = {} as Plans;
  for (const name of workNames) {
    const { prepare, act, times }: Work = works[name];
    const n = name === "expired row, purged" ? times : planned;
    await prepare?.(logged, n);
    found[name] = await plansDuring(at.stage, async () => {
      await act(logged, n);
      await sleep(200);
    });
  }
  await latchkey.stop();
  await database.close();
  await logPlans(at.stage, false);
  return found;
}

/** Rows of a table that Postgres rightly reads as a whole: they are on a few dozen pages. */
const fewRows = 5_000;

/** Every statement whose cost grows, once. Empty when there is none. */
export const growingStatements = (results: GrowthResults): string[] => [
  ...new Set(
    results.flatMap(({ users, plans, relations }) => {
      const large = relations.filter(({ rows }) => rows !== null && rows > fewRows);
      const tables = new Set(large.map(({ name }) => name));
      return workNames.flatMap((name) =>
        plans[name]
          .flatMap((plan) => growingPartsOf(plan, tables))
          .map((part) => `At ${users} users, “${name}” ${part}`),
      );
    }),
  ),
];

const goal = 1.1;

/** The results as values, for JSON. */
export function growthFindings(results: GrowthResults) {
  const [smallest] = results;
  const work = workNames.flatMap((name) =>
    results.map(({ users, cpu, plans }) => {
      const rounds = cpu[name];
      const times = median(rounds.map(({ all }, n) => all / smallest!.cpu[name][n]!.all));
      const pages = plans[name].reduce((sum, plan) => sum + pagesOf(plan), 0);
      const runs = name === "expired row, purged" ? works[name].times : planned;
      return {
        work: name,
        users,
        cpuMs: median(rounds.map(({ all }) => all)),
        postgresCpuMs: median(rounds.map(({ postgres }) => postgres)),
        times,
        met: times <= goal,
        pages: pages / runs,
        indexes: [...new Set(plans[name].flatMap(indexesOf))].sort(),
      };
    }),
  );
  return {
    goal: `≤ ${goal}`,
    work,
    relations: results.map(({ users, relations }) => ({ users, relations })),
  };
}

const megabytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
const short = (value: number) => String(Number(value.toPrecision(3)));

/** The findings as text. */
export function growthTables({ work, relations }: ReturnType<typeof growthFindings>): string {
  const workLines = work.map(({ work, users, cpuMs, postgresCpuMs, times, pages, met }) => [
    work,
    String(users),
    short(cpuMs),
    short(postgresCpuMs),
    short(times),
    met ? "met" : "missed",
    short(pages),
  ]);
  const sizes = relations.map(({ users, relations }) => {
    const sum = (of: readonly Relation[]) =>
      megabytes(of.reduce((all, { bytes }) => all + bytes, 0));
    const isTable = ({ rows }: Relation) => rows !== null;
    return [
      `${users} users: ${sum(relations)} MB, ${sum(relations.filter((one) => !isTable(one)))} MB of them indexes`,
      ...aligned([
        ["table or index", "rows", "MB", "scans"],
        ...relations.map((one) => [
          isTable(one) ? one.name : `  ${one.name}`,
          one.rows === null ? "" : String(one.rows),
          megabytes(one.bytes),
          one.scans === null ? "" : String(one.scans),
        ]),
      ]),
    ].join("\n");
  });
  const head = ["work", "users", "CPU ms", "of Postgres", "× smallest", `≤ ${goal}`, "pages read"];
  return [aligned([head, ...workLines]).join("\n"), ...sizes].join("\n\n");
}

function aligned(table: readonly (readonly string[])[]): string[] {
  const widths = table[0]!.map((_, at) => Math.max(...table.map((row) => row[at]!.length)));
  return table.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
      .join("  ")
      .trimEnd(),
  );
}
