import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { Redis } from "ioredis";

const ageing = `
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do
    redis.call('ZINCRBY', key, -ARGV[1] * 1000000, member)
  end
  if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1] * 1000) end
end
return 1`;

/**
 * A real redis-server, empty and without a disk, on a free loopback port. It can be killed,
 * restarted on the same port, and paused.
 */
export async function startRedis() {
  const port = await freePort();
  let server = await launch(port);
  // For the tests only, beside the connections of the product.
  const eyes = new Redis(port, "127.0.0.1", { maxRetriesPerRequest: null });
  eyes.on("error", () => {});

  const die = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, "exit");
    server.kill("SIGKILL");
    await gone;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    /** Sends a command, like `redis-cli`. */
    command: (...[command = "", ...args]: string[]) => eyes.call(command, ...args),
    keys: async () => (await eyes.keys("*")).sort(),
    flush: () => eyes.flushall(),
    /** How many scripts ran since it started. */
    async scriptRuns() {
      const stats = await eyes.info("commandstats");
      return Number(/cmdstat_eval:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    },
    /**
     * Lets time pass: moves every hit this many seconds back, and shortens every key's lifetime.
     */
    advance: (seconds: number) => eyes.eval(ageing, 0, seconds),
    kill: die,
    async start() {
      server = await launch(port);
    },
    pause: () => void server.kill("SIGSTOP"),
    resume: () => void server.kill("SIGCONT"),
    async stop() {
      eyes.disconnect();
      await die();
    },
  };
}

export type RedisServer = Awaited<ReturnType<typeof startRedis>>;

const program = "redis-server";

async function launch(port: number): Promise<ChildProcess> {
  const quiet = ["--save", "", "--appendonly", "no"];
  const server = spawn(
    program,
    ["--port", String(port), "--bind", "127.0.0.1", ...quiet, "--dir", "/tmp"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const killChildOnExit = () => void server.kill("SIGKILL");
  process.once("exit", killChildOnExit);
  server.once("exit", () => process.off("exit", killChildOnExit));
  await new Promise<void>((resolve, reject) => {
    let said = "";
    server.once("error", () =>
      reject(new Error("No redis-server in the PATH: `npm test` says how to get one.")),
    );
    server.once("exit", () => reject(new Error(`redis-server ended at once:\n${said}`)));
    server.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes("Ready to accept connections")) resolve();
    });
  });
  return server;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
