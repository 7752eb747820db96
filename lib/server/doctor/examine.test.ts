import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  type StatsFs,
  writeFileSync,
} from "node:fs";
import type * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "@/lib/adapters/clock";
import { random } from "@/lib/core/crypto";
import { bounds } from "@/lib/core/policy";
import { lockDirectory } from "@/db/lock";
import { resendError, startFakeResend } from "@/test/support/fake-resend";
import { startFakeSmtp } from "@/test/support/fake-smtp";
import { passingChecks } from "@/test/support/health";
import { endServers, listen } from "@/test/support/http-server";
import { startOidcServer } from "@/test/support/oidc-server";
import {
  bulk,
  startFakeRedis,
  startRefusingPostgres,
  startTcpServer,
} from "@/test/support/tcp-server";
import { examine, unreadable } from "./examine";
import { type FindingCode, findingCodes } from "./findings";

/** What `npm run doctor` finds; check-database.pg.test.ts has what only a real Postgres shows. */

const disk = vi.hoisted(() => ({ free: null as number | null }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof fs>();
  const statfs = (async (...args: Parameters<typeof fs.statfs>) =>
    disk.free === null
      ? real.statfs(...args)
      : { bavail: disk.free / 4096, bsize: 4096, files: 0, ffree: 0 }) as (
    directory: string,
  ) => Promise<Partial<StatsFs>>;
  return { ...real, statfs };
});

// A busy machine may be late although everything works; only tests of lateness use a short time.
const redisTimeout = vi.hoisted(() => ({ ms: 0 }));
const longTimeout = vi.hoisted(() => 60);
vi.mock(import("@/lib/core/policy"), async (original) => {
  const policy = await original();
  const late = { redisSilence: longTimeout, redisConnect: longTimeout, doctorRequest: longTimeout };
  const intervals = Object.defineProperty(
    { ...policy.intervals, ...late, doctorCheck: longTimeout },
    "redisTimeoutMs",
    { get: () => redisTimeout.ms, enumerable: true },
  );
  const databaseLimits = { ...policy.databaseLimits, connect: longTimeout };
  return { ...policy, intervals, databaseLimits } as never;
});

const smtp = await startFakeSmtp();
const resend = await startFakeResend();
const google = await startOidcServer({ quirks: "google" });

let home: string;
const ends: (() => unknown)[] = [];
beforeEach(() => {
  redisTimeout.ms = longTimeout * 1000;
  home = mkdtempSync(path.join(tmpdir(), "latchkey-doctor-"));
});
afterEach(() => {
  disk.free = null;
  smtp.resetProviders();
  resend.resetProviders();
  google.resetProviders();
  endServers();
  for (const end of ends.splice(0)) end();
  rmSync(home, { recursive: true, force: true });
});
afterAll(() => Promise.all([smtp.stop(), resend.stop(), google.stop()]));

const keys = Object.fromEntries(
  ["AUTH_SECRET", "TOKEN_KEY", "OUTBOX_KEY", "AUDIT_KEY"].map((name) => [name, random.token()]),
);

/** Nothing listens there: the port is reserved. */
const closedPort = 1;

interface Broken {
  readonly vars?: Record<string, string>;
  readonly notes?: string[];
  readonly url?: string;
  readonly missing?: string[];
  readonly keysFile?: string | null;
  readonly seconds?: number;
}

async function look({ vars = {}, notes = [], missing = [], url, seconds, ...rest }: Broken) {
  const keysFile = { path: rest.keysFile ?? path.join(home, "keys.json"), missing };
  const env = { PORT: String(closedPort), DATA_DIR: home, ...keys, ...vars };
  return examine(
    { vars: env, notes, keysFile: rest.keysFile === null ? null : keysFile },
    systemClock,
    { url, ...(seconds === undefined ? {} : { seconds }) },
  );
}

const codesOf = async (broken: Broken) => (await look(broken)).map(({ code }) => code);

async function stopped<T extends { stop: () => unknown }>(starting: Promise<T>): Promise<T> {
  const started = await starting;
  ends.push(started.stop);
  return started;
}

/** A Postgres that refuses the connection with an error. */
const refusingPostgres =
  (code: string, message = "no") =>
  async () => {
    const { port } = await stopped(startRefusingPostgres(code, message));
    return { vars: { DATABASE_URL: `postgres://ada:secret@127.0.0.1:${port}/app` } };
  };

/** The same with a server that responds to the first bytes like this. */
const atServer =
  (respond: Parameters<typeof startTcpServer>[0], rest = "") =>
  async () => {
    const { port } = await stopped(startTcpServer(respond));
    return { vars: { DATABASE_URL: `postgres://ada@127.0.0.1:${port}/app${rest}` } };
  };

const withRedis = (replies?: Record<string, string>) => async () => {
  const { port } = await stopped(startFakeRedis(replies));
  return { vars: { REDIS_URL: `redis://127.0.0.1:${port}` } };
};

const withSmtp =
  (prepare: () => void = () => {}, url = smtp.url.replace("//", "//ada:secret@")) =>
  () => {
    prepare();
    return { vars: { SMTP_URL: url, MAIL_FROM: "ada@example.com" } };
  };

const withResend =
  (prepare: () => void = () => {}, more = {}) =>
  () => {
    prepare();
    return {
      vars: {
        RESEND_API_KEY: resend.key,
        RESEND_BASE_URL: resend.baseUrl,
        MAIL_FROM: "ada@example.com",
        ...more,
      },
    };
  };

/** A server on this machine that responds so to health checks and to everything else. */
async function serving(
  status: number,
  body: unknown,
  headers: Record<string, string> = { "content-type": "application/json" },
) {
  const { port } = await listen((_, response) =>
    response.writeHead(status, headers).end(JSON.stringify(body)),
  );
  return { port, vars: { PORT: String(port), AUTH_URL: `http://localhost:${port}` } };
}

const publicOrigin = {
  AUTH_URL: "https://account.example.com",
  TRUSTED_PROXY_HOPS: "1",
  NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: Buffer.alloc(32, 1).toString("base64"),
  SMTP_URL: smtp.url,
  MAIL_FROM: "ada@example.com",
};

const embeddedFiles = () => {
  mkdirSync(path.join(home, "pglite"));
  writeFileSync(path.join(home, "pglite", "PG_VERSION"), "17\n");
};

type Case = readonly [code: FindingCode, broken: () => Broken | Promise<Broken>];

const cases: readonly Case[] = [
  ["setting_invalid", () => ({ vars: { TOKEN_KEY: "short" } })],
  ["setting_ignored", () => ({ notes: ["Ignored in .env, because the environment sets it: X."] })],
  ["setting_without_effect", () => ({ vars: { MAIL_FROM: "ada@example.com" } })],
  ["keys_not_created", () => ({ missing: ["TOKEN_KEY"] })],
  [
    "keys_file_readable",
    () => {
      writeFileSync(path.join(home, "keys.json"), "{}");
      chmodSync(path.join(home, "keys.json"), 0o644);
      return {};
    },
  ],
  ["key_weak", () => ({ vars: { TOKEN_KEY: Buffer.alloc(32, 7).toString("base64url") } })],
  ["key_rotating", () => ({ vars: { TOKEN_KEY_PREVIOUS: random.token() } })],

  ["database_url_invalid", atServer(() => {}, "?sslmode=verify-full&sslrootcert=/none.pem")],
  [
    "database_host_unknown",
    () => ({ vars: { DATABASE_URL: "postgres://ada@postgres.invalid/app" } }),
  ],
  [
    "database_unreachable",
    () => ({ vars: { DATABASE_URL: `postgres://ada@127.0.0.1:${closedPort}/app` } }),
  ],
  ["database_silent", atServer(() => {}, "?connect_timeout=1")],
  ["database_closed", atServer((socket) => socket.destroy())],
  ["database_tls_failed", atServer((socket) => socket.write("N"), "?sslmode=require")],
  ["database_sign_in_refused", refusingPostgres("28P01", "password authentication failed")],
  ["database_missing", refusingPostgres("3D000")],
  [
    "database_parameter_refused",
    refusingPostgres("42704", 'unrecognized configuration parameter "x"'),
  ],
  ["database_connections_exhausted", refusingPostgres("53300")],
  ["database_out_of_memory", refusingPostgres("53200")],
  ["database_not_ready", refusingPostgres("57P03")],
  ["database_refused", refusingPostgres("XX000")],

  ["embedded_database_new", () => ({})],
  [
    "embedded_database_in_use",
    async () => {
      embeddedFiles();
      ends.push(await lockDirectory(home));
      return {};
    },
  ],
  ["embedded_database_unusable", () => (embeddedFiles(), {})],
  ["embedded_database_public", () => ({ vars: publicOrigin, keysFile: null })],
  [
    "data_directory_unusable",
    () => {
      const file = path.join(home, "file");
      writeFileSync(file, "");
      return { vars: { DATA_DIR: file } };
    },
  ],
  ["disk_full", () => ((disk.free = bounds.fullDiskBytes - 4096), {})],
  ["disk_space_low", () => ((disk.free = bounds.freeDiskBytes - 4096), {})],

  ["smtp_ready", withSmtp()],
  ["smtp_without_login", withSmtp(undefined, smtp.url)],
  ["smtp_unreachable", withSmtp(undefined, `smtp://127.0.0.1:${closedPort}`)],
  [
    "smtp_login_refused",
    withSmtp(() => smtp.failWith("auth", { says: 535, text: "5.7.8 Bad credentials" })),
  ],
  ["smtp_refused", withSmtp(() => smtp.failWith("greeting", { says: 554, text: "Go away" }))],
  ["smtp_tls_failed", withSmtp(undefined, smtp.url.replace("smtp:", "smtps:"))],
  [
    "smtp_not_mail_server",
    async () => {
      const { port } = await stopped(startTcpServer(() => {}, "HTTP/1.1 400 Bad Request\r\n"));
      return withSmtp(undefined, `smtp://127.0.0.1:${port}`)();
    },
  ],

  [
    "resend_ready",
    withResend(() => resend.domains.push({ name: "example.com", status: "verified" })),
  ],
  [
    "resend_domain_unverified",
    withResend(() => resend.domains.push({ name: "example.com", status: "pending" })),
  ],
  ["resend_sends_only", withResend(() => resend.failWith(resendError(401, "restricted_api_key")))],
  ["resend_key_refused", withResend(undefined, { RESEND_API_KEY: "re_other" })],
  ["resend_refused", withResend(() => resend.failWith(resendError(500, "internal_server_error")))],
  [
    "resend_unreachable",
    withResend(undefined, { RESEND_BASE_URL: `http://127.0.0.1:${closedPort}` }),
  ],

  ["redis_ready", withRedis()],
  ["redis_slow", () => ((redisTimeout.ms = -1), withRedis()())],
  [
    "redis_evicts",
    withRedis({ info: bulk("loading:0\r\nmaxmemory:1000\r\nmaxmemory_policy:allkeys-lru\r\n") }),
  ],
  ["redis_unreachable", () => ({ vars: { REDIS_URL: `redis://127.0.0.1:${closedPort}` } })],
  ["redis_sign_in_refused", withRedis({ info: "-NOAUTH Authentication required.\r\n" })],
  ["redis_read_only", withRedis({ eval: "-READONLY You can't write against a replica.\r\n" })],
  ["redis_full", withRedis({ eval: "-OOM command not allowed\r\n" })],
  ["redis_right_missing", withRedis({ eval: "-NOPERM this user has no permissions\r\n" })],
  ["redis_unusable", withRedis({ eval: "+hello\r\n" })],

  ["provider_ready", () => ({ vars: google.settings })],
  [
    "provider_unreachable",
    () => ({ vars: { ...google.settings, AUTH_GOOGLE_ISSUER: `http://127.0.0.1:${closedPort}` } }),
  ],
  [
    "provider_issuer_wrong",
    async () => {
      const { port } = await serving(200, { issuer: "https://elsewhere.example" });
      return { vars: { ...google.settings, AUTH_GOOGLE_ISSUER: `http://127.0.0.1:${port}` } };
    },
  ],

  ["server_not_running", () => ({})],
  ["server_ready", () => serving(200, { status: "pass", checks: passingChecks })],
  [
    "server_degraded",
    () => serving(200, { status: "warn", checks: { ...passingChecks, mail: "warn" } }),
  ],
  [
    "server_not_ready",
    () => serving(503, { status: "fail", checks: { ...passingChecks, database: "fail" } }),
  ],
  ["port_used", () => serving(200, "another program", {})],
  ["proxy_headers_ignored", () => ({})],
  ["proxy_hops_trusted", () => ({ vars: { TRUSTED_PROXY_HOPS: "2" } })],

  [
    "origin_ready",
    async () => {
      const { vars } = await serving(200, null);
      return { vars, url: vars.AUTH_URL };
    },
  ],
  [
    "origin_unreachable",
    () => ({ vars: publicOrigin, url: `http://127.0.0.1:${closedPort}`, keysFile: null }),
  ],
  [
    "origin_elsewhere",
    async () => {
      const { vars } = await serving(404, "not found", { "content-type": "text/html" });
      return { vars, url: vars.AUTH_URL };
    },
  ],
  ["origin_not_origin", () => ({ url: `http://127.0.0.1:${closedPort}` })],
  [
    "proxy_host_wrong",
    async () => {
      const { vars } = await serving(421, { code: "misdirected_request" });
      return { vars, url: vars.AUTH_URL };
    },
  ],
  [
    "proxy_scheme_wrong",
    () => {
      const location = `${publicOrigin.AUTH_URL}/api/v1/session`;
      const fetched = vi.spyOn(globalThis, "fetch");
      fetched.mockResolvedValue(new Response(null, { status: 307, headers: { location } }));
      ends.push(() => fetched.mockRestore());
      return { vars: publicOrigin, url: publicOrigin.AUTH_URL, keysFile: null };
    },
  ],
  [
    "check_timed_out",
    async () => ({ ...(await atServer(() => {}, "?connect_timeout=2")()), seconds: 0.5 }),
  ],
];

test.each(cases)("finds %s", async (code, broken) => {
  expect(await codesOf(await broken())).toContain(code);
});

/** What only a real Postgres shows, in check-database.pg.test.ts, and what no test can bring about. */
const elsewhere: readonly FindingCode[] = [
  ...(["database_ready", "database_empty", "database_read_only", "database_disk_full"] as const),
  ...(["database_too_old", "database_right_missing", "table_rights_missing"] as const),
  ...(["migrations_pending", "migrations_newer", "migrations_unknown"] as const),
  ...(["migrate_database_differs", "migration_right_missing", "connection_limit_low"] as const),
  ...(["database_slow", "database_schema_missing", "database_not_migrated"] as const),
  ...(["clock_differs", "smtp_silent", "check_failed", "checks_skipped"] as const),
  ...(["settings_unreadable", "keys_file_used", "mail_local", "embedded_database_used"] as const),
];

test("has a broken configuration for every finding", () => {
  const shown = cases.map(([code]) => code);
  expect([...shown, ...elsewhere].sort()).toEqual([...findingCodes].sort());
  expect(shown.length).toBeGreaterThan(25);
});

test("a working installation has no error and no warning", async () => {
  const { vars } = await serving(200, { status: "pass", checks: passingChecks });
  const redis = await withRedis()();
  const findings = await look({
    vars: { ...vars, ...redis.vars, ...withSmtp()().vars, ...google.settings },
  });
  expect(findings.filter(({ severity }) => severity !== "info")).toEqual([]);
  expect(findings.map(({ code }) => code)).toEqual([
    "embedded_database_new",
    "smtp_ready",
    "redis_ready",
    "provider_ready",
    "proxy_headers_ignored",
    "server_ready",
  ]);
  expect(smtp.mails()).toBe(0);
});

test("says what to register at a provider", async () => {
  const [ready] = (await look({ vars: google.settings })).filter(
    ({ code }) => code === "provider_ready",
  );
  expect(ready!.fix).toContain(`http://localhost:${closedPort}/api/auth/callback/google`);
});

test("names all problems of the settings at once, as the server does, and looks no further", async () => {
  expect(await codesOf({ vars: { TOKEN_KEY: "short", SMTP_URL: "no", SIGN_UP: "maybe" } })).toEqual(
    [
      ...["setting_invalid", "setting_invalid", "setting_invalid", "setting_invalid"],
      "checks_skipped",
    ],
  );
});

test("creates neither keys nor a database", async () => {
  const directory = path.join(home, "new");
  await look({ vars: { DATA_DIR: directory }, keysFile: path.join(directory, "keys.json") });
  expect(existsSync(directory)).toBe(false);
});

test("settings that cannot be read are a finding", () => {
  expect(unreadable(".env cannot be read: EACCES.")).toMatchObject({
    code: "settings_unreadable",
    severity: "error",
    fix: ".env cannot be read: EACCES.",
  });
});

describe("no finding contains a secret", () => {
  const names = [...readFileSync(".env.example", "utf8").matchAll(/^# ?([A-Z][A-Z0-9_]+)=/gm)].map(
    ([, name]) => name!,
  );

  test("of settings that are wrong", async () => {
    expect(names).toContain("TOKEN_KEY_PREVIOUS");
    const vars = Object.fromEntries(names.map((name) => [name, `canary ${name}`]));
    const urls = Object.fromEntries(
      names.filter((name) => name.endsWith("_URL")).map((name) => [name, `x://u:canary%20/@h/`]),
    );
    for (const one of [vars, { ...vars, ...urls }])
      expect(JSON.stringify(await look({ vars: one }))).not.toContain("canary");
  });

  test("that a server repeats", async () => {
    const secret = (name: string) => `canary%2F${name}`;
    const plain = (name: string) => `canary/${name}`;
    const all = (...forms: string[]) => forms.join(" and ");
    const repeated = (name: string) =>
      all(secret(name), plain(name), Buffer.from(plain(name)).toString("base64"));
    const postgres = await stopped(startRefusingPostgres("28P01", `password ${repeated("PG")}`));
    const redis = await stopped(startFakeRedis({ eval: `-ERR ${repeated("REDIS")}\r\n` }));
    smtp.failWith("auth", { says: 535, text: `no: ${repeated("SMTP")}` });
    const outboxKey = random.token();
    const findings = await look({
      vars: {
        DATABASE_URL: `postgres://ada:${secret("PG")}@127.0.0.1:${postgres.port}/app`,
        REDIS_URL: `redis://:${secret("REDIS")}@127.0.0.1:${redis.port}`,
        SMTP_URL: smtp.url.replace("//", `//ada:${secret("SMTP")}@`),
        MAIL_FROM: "ada@example.com",
        OUTBOX_KEY: outboxKey,
      },
      notes: [`A note with ${outboxKey}.`],
    });
    const text = JSON.stringify(findings);
    for (const code of ["sign_in_refused", "login_refused", "redis_unusable"])
      expect(text).toContain(code);
    expect(text).not.toContain("canary");
    expect(text).not.toContain(Buffer.from("canary").toString("base64").slice(0, 6));
    expect(text).not.toContain(outboxKey);
  });
});
