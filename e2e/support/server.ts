import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { send } from "./http";

export interface ServerOptions {
  /** Without it the server uses the embedded database in the data directory. */
  readonly databaseUrl?: string;
  readonly dataDir?: string;
  /** The public origin, where it is not the server's own port. */
  readonly origin?: string;
  /** The host name in its origin; by default "localhost". */
  readonly name?: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** The directory of another build than this project's own. */
  readonly project?: string;
}

/** The keys of every test server. */
export const serverKeys = {
  AUTH_SECRET: "s".repeat(43),
  TOKEN_KEY: "t".repeat(43),
  OUTBOX_KEY: "o".repeat(43),
  AUDIT_KEY: "a".repeat(43),
};

/** Every variable of the server, set to nothing: a developer's .env has no effect on tests. */
const nothingSet = Object.fromEntries(
  (readFileSync("lib/core/env.ts", "utf8").match(/\b[A-Z][A-Z0-9_]{3,}\b/g) ?? []).map((name) => [
    name,
    "",
  ]),
);

const newDataDir = () => mkdtempSync(join(tmpdir(), "latchkey-e2e-"));

/** A production server in a process of its own. */
export class Server {
  /** The servers of this worker that have not been stopped. */
  static readonly running = new Set<Server>();
  /** Its output lines, across all restarts. */
  readonly outputLines: string[] = [];
  readonly origin: string;
  readonly dataDir: string;
  #process: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly options: ServerOptions,
  ) {
    this.origin = options.origin ?? `http://${options.name ?? "localhost"}:${port}`;
    this.dataDir = options.dataDir ?? newDataDir();
  }

  static async start(options: ServerOptions = {}): Promise<Server> {
    const server = await Server.create(options);
    await server.start();
    return server;
  }

  /** A server that is not started yet. */
  static create = async (options: ServerOptions): Promise<Server> =>
    new Server(await freePort(), options);

  /** Starts a server that is expected to exit; returns its exit code and output. */
  static async giveUp(options: ServerOptions): Promise<{ code: number | null; output: string }> {
    const server = new Server(await freePort(), options);
    const [code] = (await once(server.#spawn(), "close")) as [number | null];
    return { code, output: server.outputLines.join("\n") };
  }

  async start(): Promise<void> {
    const child = this.#spawn();
    Server.running.add(this);
    let ended = false;
    child.once("close", () => (ended = true));
    for (;;) {
      if (ended)
        throw new Error(
          `The server ended before its first response:\n${this.outputLines.join("\n")}`,
        );
      const response = await send(this, "/sign-in").catch(() => null);
      if (response?.status === 200) return;
      await sleep(50);
    }
  }

  /** Stops it as an operator does. */
  stop = () => this.#end("SIGTERM");

  /** Stops it as a power cut does. */
  kill = () => this.#end("SIGKILL");

  /** Starts it again if it has ended. */
  async ensureStarted(): Promise<void> {
    const { exitCode = 0, signalCode = null } = this.#process ?? {};
    if (exitCode !== null || signalCode !== null) await this.start();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  #spawn(): ChildProcess {
    // LATCHKEY_TEST_RUN marks the processes of a test run, which the watchdog ends with the run.
    const { PATH = "", HOME = "", LATCHKEY_TEST_RUN = "" } = process.env;
    const next = ["node_modules/next/dist/bin/next", "start"];
    const child = spawn(process.execPath, [...next, "-H", "127.0.0.1", "-p", String(this.port)], {
      cwd: this.options.project ?? ".",
      env: {
        ...nothingSet,
        ...serverKeys,
        PATH,
        HOME,
        LATCHKEY_TEST_RUN,
        NODE_ENV: "production",
        NEXT_TELEMETRY_DISABLED: "1",
        HOST: "127.0.0.1",
        PORT: String(this.port),
        AUTH_URL: this.origin,
        DATA_DIR: this.dataDir,
        DATABASE_URL: this.options.databaseUrl ?? "",
        ...this.options.settings,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) {
      let rest = "";
      stream.on("data", (chunk: Buffer) => {
        const outputLines = (rest + chunk.toString()).split("\n");
        rest = outputLines.pop() ?? "";
        this.outputLines.push(...outputLines);
      });
    }
    this.#process = child;
    return child;
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    Server.running.delete(this);
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, "close");
    child.kill(signal);
    // A server that does not stop in time fails the test, and must not keep running.
    const tooLong = setTimeout(() => child.kill("SIGKILL"), 120_000);
    await closed;
    clearTimeout(tooLong);
  }
}

/** A free port of this machine. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("No port was free.");
  return address.port;
}
