import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseEnv } from "node:util";
import { Failure, quietly } from "../scripts/run.mjs";
import { send } from "./http";

export interface Server {
  readonly origin: string;
  readonly pid: number;
  /** From the start of the process to the first page. */
  readonly startedInMs: number;
  stop(): Promise<void>;
}

/** A Latchkey server, whose letters are in its data directory. */
export interface Latchkey extends Server {
  readonly dataDir: string;
}

/** Latchkey's session look-up, for the floors to repeat. */
export interface LookUp {
  readonly databaseUrl: string;
  /** Its one parameter is the digest of the token. */
  readonly statement: string;
  readonly cookieName: string;
}

export const production = { NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" } as const;

export const keys = {
  AUTH_SECRET: "s".repeat(43),
  TOKEN_KEY: "t".repeat(43),
  OUTBOX_KEY: "o".repeat(43),
  AUDIT_KEY: "a".repeat(43),
};

/** Starts Latchkey on Postgres, or without a URL on the embedded database. */
export async function startLatchkey(
  databaseUrl?: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Latchkey> {
  const port = await freePort();
  const dataDir = temporaryFolder();
  const own = {
    HOST: "127.0.0.1",
    AUTH_URL: originAt(port),
    DATA_DIR: dataDir,
    // The default would keep the emails of a benchmark until the next hour.
    EMAILS_PER_HOUR: "1000000",
  };
  const database = databaseUrl ? { DATABASE_URL: databaseUrl } : {};
  const settings = { ...keys, ...own, ...database, ...more };
  return { ...(await start(port, "/sign-in", nextStart(".", port), settings)), dataDir };
}

export const floorNext = "bench/floor-next";

export async function startFloorNext(lookUp: LookUp): Promise<Server> {
  const port = await freePort();
  return start(port, "/", nextStart(floorNext, port), settingsFor(lookUp));
}

export async function startFloorNode(lookUp: LookUp): Promise<Server> {
  return start(await freePort(), "/", ["bench/floor-node.mjs"], settingsFor(lookUp));
}

/** Starts the OAuth exchange alone; `settings` are Latchkey's settings for the providers. */
export async function startOAuthBaseline(
  settings: Readonly<Record<string, string>>,
): Promise<Server> {
  return start(await freePort(), "/", ["bench/baseline-oauth.mjs"], settings);
}

/** Builds the bare Next app, unless it was built from the same source. */
export async function buildFloorNext(): Promise<void> {
  const mark = join(floorNext, "node_modules/.next/source-hash");
  const source = readdirSync(floorNext, { recursive: true, encoding: "utf8" })
    .filter((name) => !name.startsWith("node_modules"))
    .map((name) => join(floorNext, name))
    .filter((path) => statSync(path).isFile());
  const hash = createHash("sha256");
  for (const file of [...source.sort(), "package-lock.json"]) hash.update(readFileSync(file));
  const wanted = hash.digest("hex");
  if (readIfThere(mark) === wanted) return;
  rmSync(join(floorNext, "node_modules"), { recursive: true, force: true });
  const env = { ...process.env, ...production };
  const command: [string, string[]] = [process.execPath, [nextCommand, "build", floorNext]];
  await quietly("Building the bare Next app", command, env);
  writeFileSync(mark, wanted);
}

const settingsFor = ({ databaseUrl, statement, cookieName }: LookUp) => ({
  DATABASE_URL: databaseUrl,
  SESSION_LOOK_UP: statement,
  SESSION_COOKIE: cookieName,
});

// Not an IP address: Next replaces it with localhost, and the redirect URI would not match.
export const originAt = (port: number) => `http://localhost:${port}`;

export const nextCommand = "node_modules/next/dist/bin/next";

export const nextStart = (folder: string, port: number, installed = ".") => [
  ...[join(installed, nextCommand), "start", folder],
  ...["-H", "127.0.0.1", "-p", String(port)],
];

/** The variables of .env files, set to nothing: Next reads these files, but keeps variables that are set. */
const nothingFromFiles = Object.fromEntries(
  readdirSync(".")
    .filter((name) => /^\.env(\.|$)/.test(name))
    .flatMap((name) => Object.keys(parseEnv(readFileSync(name, "utf8"))))
    .map((name) => [name, ""]),
);

/** Starts a server with this Node, and waits for its first page. */
export async function start(
  port: number,
  firstPage: string,
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<Server> {
  const { PATH = "", HOME = "" } = process.env;
  const since = performance.now();
  const child = spawn(process.execPath, args, {
    env: { ...nothingFromFiles, PATH, HOME, PORT: String(port), ...production, ...settings },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const origin = originAt(port);
  const killChildOnExit = () => child.kill("SIGKILL");
  process.once("exit", killChildOnExit);
  const closed = once(child, "close").then(() => process.off("exit", killChildOnExit));
  await firstResponse(child, origin, firstPage);
  return {
    origin,
    pid: child.pid!,
    startedInMs: performance.now() - since,
    stop: async () => {
      child.kill("SIGTERM");
      const tooLong = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await closed;
      clearTimeout(tooLong);
    },
  };
}

/** Waits for a page; throws a `Failure` with what the program printed. */
export async function firstResponse(
  child: ChildProcess,
  origin: string,
  path: string,
  timeoutMs = 60_000,
): Promise<void> {
  let errors = "";
  child.stderr!.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const deadline = performance.now() + timeoutMs;
  while (child.exitCode === null && performance.now() < deadline) {
    const response = await send(origin, path).catch(() => null);
    if (response?.status === 200) return;
    await sleep(5);
  }
  throw new Failure(`${child.spawnargs.join(" ")} does not respond:\n${errors}`);
}

const temporary = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
process.once("exit", () => rmSync(temporary, { recursive: true, force: true }));

/** A folder that is deleted when this process ends. */
export const temporaryFolder = () => mkdtempSync(join(temporary, "folder-"));

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Failure("No port was free.");
  return address.port;
}
