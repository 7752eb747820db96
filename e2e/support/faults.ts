import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "./db";
import { type FaultRig, terminateConnections, type Variant } from "./fault-rig";
import { methods } from "./sign-in-methods";

export interface Failing {
  readonly rig: FaultRig;
  /** Connected to Postgres itself, as its superuser. */
  readonly db: Db;
}

/** Something that fails while people sign in. */
export interface Fault {
  readonly name: string;
  /** What the processes are started with; "usual" by default. */
  readonly variant?: Variant;
  /** Begins before each step of a method; `step` counts from 0. */
  begin(failing: Failing, step: number): unknown;
  /** Ends after each step. The next response may take 5 seconds. */
  end(failing: Failing, step: number): unknown;
  /** One method after the other, because the fault meets one request. */
  readonly oneByOne?: true;
  /** Whether a step meets the fault is chance: with "at once", people also get through without noticing. */
  readonly byChance?: true;
  /** Begins once the first letter was tried. */
  readonly ofMail?: true;
  /** What a killed process had counted stays counted: it may be too soon for another letter. */
  readonly keepsCounts?: true;
  /** Limits are counted by keyed hashes, so a new TOKEN_KEY resets them. */
  readonly resetsLimits?: true;
  /** Errors in the log that tell the operator to act. */
  readonly logs?: readonly string[];
}

const nothing = () => {};

const killedProcess = async ({ rig }: Failing) => {
  const port = rig.balancer.last();
  await rig.servers.find((server) => server.port === port)?.kill();
};
const restartKilled = async ({ rig }: Failing) => {
  // A server that runs answers at once.
  await Promise.all(rig.servers.map((server) => server.ensureStarted()));
};

const readOnly = async ({ db }: Failing, value: "on" | "off") => {
  const [{ name } = { name: "" }] = await db.sql<{ name: string }[]>`
    select current_database() as name`;
  await db.sql.unsafe(`alter database ${name} set default_transaction_read_only = ${value}`);
  await terminateConnections(db);
};

const connectionLimit = async ({ db, rig: { database } }: Failing, limit: number) =>
  db.sql.unsafe(`alter role ${new URL(database.url).username} connection limit ${limit}`);

const atStatement = (statement: number, what: string, act: (failing: Failing) => unknown) => ({
  name: `${what} at statement ${statement}`,
  oneByOne: true as const,
  byChance: true as const,
  begin: (failing: Failing) =>
    failing.rig.wire.interruptAt(statement, async () => void (await act(failing))),
});

const ofPostgres: readonly Fault[] = [
  {
    name: "Postgres down",
    begin: ({ rig }) => rig.wire.cut(),
    end: ({ rig }) => rig.wire.restore(),
  },
  {
    name: "Postgres silent",
    begin: ({ rig }) => rig.wire.fallSilent(),
    end: ({ rig }) => rig.wire.restore(),
  },
  {
    name: "Connections to Postgres half-open",
    byChance: true,
    begin: ({ rig }) => rig.wire.halfOpen(),
    end: nothing,
  },
  {
    name: "Postgres slow, 200 ms a message",
    byChance: true,
    begin: ({ rig }) => rig.wire.delay(200),
    end: ({ rig }) => rig.wire.restore(),
  },
  {
    name: "Postgres restarted after a crash",
    byChance: true,
    begin: async ({ db }) => {
      const [{ pid } = { pid: 0 }] = await db.sql<{ pid: number }[]>`
        select pid from pg_stat_activity where application_name = 'latchkey' limit 1`;
      // Postgres then ends all connections, and recovers.
      if (pid) process.kill(pid, "SIGKILL");
    },
    end: nothing,
  },
  ...[1, 2, 3, 5].map((statement) => ({
    ...atStatement(statement, "Connections to Postgres terminated", ({ db }) =>
      terminateConnections(db),
    ),
    end: ({ rig }: Failing) => rig.wire.restore(),
  })),
  {
    name: "Postgres read-only",
    begin: (failing) => readOnly(failing, "on"),
    end: (failing) => readOnly(failing, "off"),
  },
  {
    name: "Too many connections to Postgres",
    begin: async (failing) => {
      await connectionLimit(failing, 0);
      await terminateConnections(failing.db);
    },
    end: (failing) => connectionLimit(failing, -1),
  },
  {
    name: "Postgres down when the server starts",
    begin: async ({ rig }, step) => {
      if (step > 0) return;
      rig.wire.cut();
      const { started, waits } = await rig.startLate();
      while (!waits()) await sleep(50);
      rig.wire.restore();
      await started;
    },
    end: nothing,
  },
  {
    name: "PgBouncer in transaction mode",
    variant: "pooler",
    begin: nothing,
    end: nothing,
  },
  {
    name: "PgBouncer in transaction mode, with `prepare=false`",
    variant: "pooler, prepare=false",
    begin: nothing,
    end: nothing,
  },
];

const leadRedisTo = ({ redisWire }: FaultRig, url: string) => {
  redisWire.cut();
  redisWire.leadTo(url);
  redisWire.restore();
};

/** Cuts and restores the connection four times, every 50 ms, and ends with the last of them. */
function flappingRedis(): Fault {
  let flapped: Promise<unknown> = Promise.resolve();
  return {
    name: "Redis flapping",
    begin: ({ rig: { redisWire } }) => {
      const change = async (n: number) => {
        await sleep(n * 50);
        if (n % 2) redisWire.restore();
        else redisWire.cut();
      };
      flapped = Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(change));
    },
    end: async () => void (await flapped),
  };
}

const ofRedis: readonly Fault[] = [
  {
    name: "Redis down",
    begin: ({ rig }) => rig.redisWire.cut(),
    end: ({ rig }) => rig.redisWire.restore(),
  },
  ...[500, 5_000].map((ms) => ({
    name: `Redis slow, ${ms} ms a message`,
    begin: ({ rig }: Failing) => rig.redisWire.delay(ms),
    end: ({ rig }: Failing) => rig.redisWire.restore(),
  })),
  flappingRedis(),
  { name: "Redis flushed", begin: ({ rig }) => rig.redis.flush(), end: nothing },
  {
    name: "Redis a replica, READONLY",
    begin: ({ rig }) => rig.redis.command("replicaof", "127.0.0.1", "1"),
    end: ({ rig }) => rig.redis.command("replicaof", "no", "one"),
  },
  {
    name: "Redis out of memory, OOM",
    begin: ({ rig }) => rig.redis.command("config", "set", "maxmemory", "1"),
    end: ({ rig }) => rig.redis.command("config", "set", "maxmemory", "0"),
  },
  {
    name: "Redis reading its data set, LOADING",
    begin: ({ rig }) => leadRedisTo(rig, rig.loadingRedis.url),
    end: ({ rig }) => leadRedisTo(rig, rig.redis.url),
  },
  {
    name: "Redis with a password that we do not have, NOAUTH",
    begin: async ({ rig }) => {
      await rig.redis.command("config", "set", "requirepass", "another");
      await rig.redis.command("client", "kill", "type", "normal", "skipme", "yes");
    },
    end: ({ rig }) => rig.redis.command("config", "set", "requirepass", ""),
  },
  ...(
    [
      ["401", 401, '{"error":"WRONGPASS invalid or missing auth token"}'],
      ["429", 429, '{"error":"ERR max daily request limit exceeded"}'],
      ["500", 500, '{"error":"internal"}'],
      ["502 in HTML", 502, "<!doctype html><title>Bad gateway</title>"],
    ] as const
  ).map(([what, status, body]) => ({
    name: `Upstash ${what}`,
    variant: "upstash" as const,
    begin: ({ rig }: Failing) => rig.upstash.failWith({ status, body }),
    end: ({ rig }: Failing) => rig.upstash.resetProviders(),
  })),
];

type MailFailure = Parameters<FaultRig["mail"]["failWith"]>;
const mailFault = (
  name: string,
  [step, failWith]: readonly [MailFailure[0], MailFailure[1]],
  logs: readonly string[] = [],
): Fault => ({
  name,
  ofMail: true,
  logs,
  begin: ({ rig }) => {
    rig.mail.failWith(step, failWith);
    rig.mail.disconnect();
  },
  end: async ({ rig, db }) => {
    rig.mail.recover();
    // Sooner than by the pauses between attempts.
    await db.sql`update outbox set next_attempt_at = now() where state = 'queued'`;
  },
});

const ofMail: readonly Fault[] = [
  mailFault("Mail server greylists, 450", ["rcpt", { says: 450, text: "4.2.0 Greylisted" }]),
  mailFault("Mail server overloaded, 421", ["greeting", { says: 421 }]),
  mailFault(
    "Mail server refuses the sender, 554",
    ["mail", { says: 554, text: "5.7.1 Relay access denied" }],
    ["mail.sender_refused"],
  ),
  mailFault("Mail server hangs up at DATA", ["data", "hangs_up"]),
  mailFault("Mail server accepts, and its reply is lost", ["received", "lost"]),
];

const ofProcesses: readonly Fault[] = [
  {
    name: "Each request goes to the other of two processes",
    begin: nothing,
    end: nothing,
  },
  {
    name: "One of two processes killed between the steps",
    keepsCounts: true,
    begin: killedProcess,
    end: restartKilled,
  },
  ...[1, 3].map((statement) => ({
    ...atStatement(statement, "One of two processes killed", killedProcess),
    keepsCounts: true as const,
    end: async (failing: Failing) => {
      failing.rig.wire.restore();
      await restartKilled(failing);
    },
  })),
  {
    name: "One of two processes told to end, with requests in flight",
    begin: ({ rig }) => {
      rig.wire.delay(20);
      // With as many statements as requests, all of these have arrived. None has ended.
      rig.wire.interruptAt(methods.length, () => Promise.resolve(void rig.servers[0]!.stop()));
    },
    end: async ({ rig }) => {
      rig.wire.restore();
      await rig.servers[0]!.stop();
      await rig.servers[0]!.ensureStarted();
    },
  },
  {
    // The last, as nothing has the keys of before afterwards.
    name: "All keys rotated between the steps",
    resetsLimits: true,
    variant: "usual",
    begin: ({ rig }, step) => (step === 1 ? rig.use("next keys") : undefined),
    end: nothing,
  },
];

export const faults: readonly Fault[] = [...ofPostgres, ...ofRedis, ...ofMail, ...ofProcesses];
