import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism, constants, getPriority, setPriority } from "node:os";
import path from "node:path";
import type { Log } from "@/lib/runtime/ports";
import { bounds, intervals } from "@/lib/core/policy";
import { type Hashing, hashingInServer } from "./argon2-hasher";

const program = path.join(
  /* turbopackIgnore: true */ process.cwd(),
  "lib",
  "adapters",
  "hashing-program.mjs",
);

/** A request to the process, in its words. */
interface Request {
  readonly work: "hash" | "verify";
  readonly args: readonly unknown[];
}

interface Pending extends Request {
  /** The process has ended while it worked on this. */
  repeated: boolean;
  /** Null when the process has ended again. */
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

type Reply = "ready" | ({ readonly id: number } & ({ value: unknown } | { error: string }));

/**
 * Hashes in a process of lower priority, as many at once as there are cores: it uses what is idle and gives
 * way to all other requests (decision 43). It starts with the first hash, so that a server without passwords
 * has none. When it ends, the next hash starts another, and what it was working on is repeated once. Where
 * none can be started, hashes in the server's own process from then on.
 */
export function hashingProcess(log: Log, script = program): Hashing {
  const cores = availableParallelism();
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let child: ChildProcess | undefined;
  let isReady = false;
  /** A process was killed before it was ready, and another one started. */
  let isSecondStart = false;
  let inServer: Hashing | undefined;
  /** Ends a process that is stuck: it would occupy the queue forever. */
  let stuck: NodeJS.Timeout | undefined;

  function start() {
    let reason: Record<string, unknown> = {};
    let started: ChildProcess;
    try {
      started = forked();
    } catch (error) {
      // Without memory, for instance: the event "error" reports only some of the causes.
      return hashInServer({ error: (error as Error).message });
    }
    child = started;
    started.on("message", (reply: Reply) => {
      if (reply === "ready") {
        isReady = true;
        isSecondStart = false;
        for (const id of pending.keys()) send(id);
      } else finish(reply);
    });
    started.once("error", (error) => {
      reason = { error: error.message };
      // Without a process there is no event "exit".
      if (started.pid === undefined) lose(started, reason);
    });
    started.once("exit", (code, signal) => lose(started, { code, signal, ...reason }));
    // Before it has more threads, which inherit the priority.
    try {
      if (started.pid !== undefined) setPriority(started.pid, lowerPriority());
    } catch (error) {
      reason = { error: (error as Error).message };
      started.kill("SIGKILL");
    }
    started.unref();
    watch();
  }

  const forked = () =>
    fork(script, {
      // Without the server's own environment and flags, which contain secrets and may open a debugger.
      env: { NODE_ENV: "production", UV_THREADPOOL_SIZE: String(cores) },
      execArgv: [],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });

  function send(id: number) {
    const { work, args } = pending.get(id)!;
    // When the pipe is closed, the event "exit" follows.
    child!.send({ id, work, args }, () => {});
  }

  function finish(reply: Exclude<Reply, "ready">) {
    const request = pending.get(reply.id);
    pending.delete(reply.id);
    watch();
    if ("error" in reply) request?.reject(new Error(reply.error));
    else request?.resolve(reply.value);
  }

  /** Lets the server end when no hash is pending, and a process that is stuck, too. */
  function watch() {
    clearTimeout(stuck);
    if (pending.size === 0) return child?.channel?.unref();
    child?.channel?.ref();
    stuck = setTimeout(() => child?.kill("SIGKILL"), intervals.hashStall * 1000).unref();
  }

  function lose(ended: ChildProcess, reason: Record<string, unknown>) {
    if (child !== ended) return;
    const couldStart = isReady;
    child = undefined;
    isReady = false;
    clearTimeout(stuck);
    if (!couldStart) {
      // Killed from outside, or too slow on a machine that stood still for a while.
      const isKilled = typeof reason.signal === "string" && !("error" in reason);
      if (!isKilled || isSecondStart) return hashInServer(reason);
      isSecondStart = true;
      return start();
    }
    log.warn("hashing.process_ended", reason);
    for (const [id, request] of pending) {
      if (request.repeated) {
        pending.delete(id);
        request.resolve(null);
      } else request.repeated = true;
    }
    if (pending.size > 0) start();
  }

  function hashInServer(reason: Record<string, unknown>) {
    log.warn("hashing.no_process", reason);
    inServer = hashingInServer();
    for (const request of pending.values())
      runIn(inServer, request).then(request.resolve, request.reject);
    pending.clear();
  }

  const request = (work: Request["work"], ...args: unknown[]) =>
    new Promise<unknown>((resolve, reject) => {
      const id = (lastId += 1);
      pending.set(id, { work, args, repeated: false, resolve, reject });
      if (!child) return start();
      // Otherwise the time of those before goes on.
      if (pending.size === 1) watch();
      if (isReady) send(id);
    });

  return {
    atOnce: () => inServer?.atOnce() ?? cores,
    hash: async (...args) =>
      inServer ? inServer.hash(...args) : ((await request("hash", ...args)) as string | null),
    verify: async (...args) =>
      inServer ? inServer.verify(...args) : ((await request("verify", ...args)) as boolean | null),
  };
}

const runIn = (hashing: Hashing, { work, args }: Request): Promise<unknown> =>
  (hashing[work] as (...args: readonly unknown[]) => Promise<unknown>)(...args);

/** Below that of the server, which may have been started with another than the usual one. */
const lowerPriority = () =>
  Math.min(constants.priority.PRIORITY_LOW, getPriority() + bounds.hashingNice);
