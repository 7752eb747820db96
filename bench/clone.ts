import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { npm, quietly } from "../scripts/run.mjs";
import type { Pair } from "./report";
import {
  firstResponse,
  floorNext,
  freePort,
  nextCommand,
  originAt,
  production,
  temporaryFolder,
} from "./servers";
import { shuffled } from "./statistics";

const longestMs = 20 * 60_000;

/**
 * Seconds from a clone of the last commit to the first page with `npm start`, and of `npm ci` and
 * `next build` of the bare Next app. Each begins with an empty cache of npm.
 */
export async function measureClone(count: number): Promise<Pair[]> {
  const times = { latchkey: timeLatchkey, next: timeNext };
  const rounds: Pair[] = [];
  for (let n = 1; n <= count; n += 1) {
    console.log(`Round ${n} of ${count} …`);
    const round = { latchkey: NaN, next: NaN };
    for (const who of shuffled(["latchkey", "next"] as const)) round[who] = await times[who]();
    rounds.push(round);
  }
  return rounds;
}

async function timeLatchkey(): Promise<number> {
  const folder = temporaryFolder();
  const clone = join(folder, "latchkey");
  await quietly("Cloning", ["git", ["clone", "--quiet", ".", clone]]);
  const port = await freePort();
  const env = { ...withEmptyCache(folder), PORT: String(port) };
  const since = performance.now();
  const [command, args] = npm("start") as [string, string[]];
  const child = spawn(command, args, { cwd: clone, env, stdio: ["ignore", "ignore", "pipe"] });
  const killChildOnExit = () => child.kill();
  process.once("exit", killChildOnExit);
  const closed = once(child, "close").then(() => process.off("exit", killChildOnExit));
  await firstResponse(child, originAt(port), "/sign-in", longestMs);
  const seconds = secondsSince(since);
  child.kill();
  await closed;
  return seconds;
}

async function timeNext(): Promise<number> {
  const folder = temporaryFolder();
  const app = join(folder, "next");
  cpSync(floorNext, app, {
    recursive: true,
    filter: (file) => !file.startsWith(join(floorNext, "node_modules")),
  });
  const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
    dependencies: Record<string, string>;
  };
  const { next, react, "react-dom": dom, postgres } = dependencies;
  const needed = { next, react, "react-dom": dom, postgres };
  writeFileSync(join(app, "package.json"), JSON.stringify({ dependencies: needed }));
  const run = (title: string, env: NodeJS.ProcessEnv, ...args: string[]) =>
    quietly(title, npm(...args, "--ignore-scripts", "--prefix", app) as [string, string[]], env);
  await run("Locking the bare Next app", process.env, "install", "--package-lock-only");
  const env = withEmptyCache(folder);
  const since = performance.now();
  await run("Installing the bare Next app", env, "ci");
  const build: [string, string[]] = [process.execPath, [join(app, nextCommand), "build", app]];
  await quietly("Building the bare Next app", build, { ...env, ...production });
  return secondsSince(since);
}

const secondsSince = (since: number) => (performance.now() - since) / 1000;

/** The environment without what npm has set for `npm run bench`. */
function withEmptyCache(folder: string): NodeJS.ProcessEnv {
  const env = { ...process.env, npm_config_cache: join(folder, "cache") };
  for (const name of Object.keys(env))
    if (/^npm_(?!config_(registry|cache)$)/i.test(name)) Reflect.deleteProperty(env, name);
  return env;
}
