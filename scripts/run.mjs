/** Runs other programs. Uses only Node built-ins, because it runs before packages are installed. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** An expected failure, reported in one line. Any other error is a bug and is reported with its stack. */
export class Failure extends Error {}

/**
 * npm as [command, args]. Inside an npm script, this Node runs npm's own file: npm.cmd on Windows
 * would need a shell and quoting.
 */
export function npm(...args) {
  const cli = process.env.npm_execpath;
  return cli?.endsWith("npm-cli.js") ? [process.execPath, [cli, ...args]] : ["npm", args];
}

/** A package's command, run by this Node without npx. */
export const tool = (file, ...args) => [process.execPath, [`node_modules/${file}`, ...args]];

/** The arguments by which Node loads a file of this folder before a program. */
export const preload = (file) => ["--import", pathToFileURL(join(import.meta.dirname, file)).href];

/**
 * Starts a program that ends with this process, even when this process is killed. Only a program that
 * this Node runs can follow its parent: another one ends by itself, or with the terminal.
 */
export function spawnFollower([command, args], { env = process.env, stdio }) {
  if (command !== process.execPath) return spawn(command, args, { env, stdio });
  return spawn(command, [...preload("follow-parent.mjs"), ...args], {
    env: { ...env, LATCHKEY_FOLLOWER: "1" },
    stdio: [...stdio, "ipc"],
  });
}

/** Prints one line, and the program's output only when it fails. */
export async function quietly(title, command, env = process.env) {
  process.stdout.write(`${title} … `);
  const since = performance.now();
  const child = spawnFollower(command, { env, stdio: ["ignore", "pipe", "pipe"] });
  const killChildOnExit = () => child.kill();
  process.once("exit", killChildOnExit);
  const { code, output } = await finished(child);
  process.off("exit", killChildOnExit);
  console.log(seconds(since));
  if (code !== 0) {
    process.stderr.write(output);
    throw new Failure(`${title} failed after ${seconds(since)} (exit code ${code}).`);
  }
}

/** The exit code and output of a child; code 127 when the program could not start. */
export async function finished(child) {
  const output = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk) => output.push(chunk));
  child.once("error", (error) => output.push(Buffer.from(`${error.message}\n`)));
  const code = await new Promise((resolve) => {
    child.once("close", (code, signal) => resolve(exitCode(code, signal)));
  });
  return { code, output: Buffer.concat(output) };
}

/** The exit code as in a shell: 128 + n for a program that signal n ended. */
export const exitCode = (code, signal) =>
  signal ? 128 + constants.signals[signal] : code < 0 ? 127 : code;

/** Calls `act` on each signal that asks a program to end. */
export const onSignal = (act) => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, act);
};

/**
 * Ends this process by `signal` if npm started it: npm prints several lines about any other exit code.
 * Otherwise the caller ends it with an exit code.
 */
export function endBySignal(signal) {
  if (!process.env.npm_lifecycle_event || process.platform === "win32") return;
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/**
 * Calls `act` once when the npm that runs this script has ended. npm passes SIGTERM and SIGINT on to
 * its script, or to the shell between, which does not pass them on; SIGKILL and SIGHUP end npm alone.
 */
export function onNpmEnd(act) {
  if (!process.env.npm_lifecycle_event) return;
  const shell = process.ppid;
  const parent = processInfo(shell);
  const npm = [
    { pid: shell, ...parent },
    { pid: parent.parent, ...processInfo(parent.parent) },
  ]
    .filter(({ name }) => name?.startsWith("npm"))
    .map(({ pid }) => pid)[0];
  const look = setInterval(() => {
    if (process.ppid === shell && (!npm || processInfo(npm).name)) return;
    clearInterval(look);
    act();
  }, 500);
  look.unref();
}

/** The name and parent of a process; empty without /proc or when the process has ended. */
function processInfo(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [, name, parent] = /^\d+ \((.*)\) [^ZX] (\d+)/s.exec(stat);
    return { name, parent: Number(parent) };
  } catch {
    return {};
  }
}

/**
 * User and system processor seconds of this process and its ended descendants. Undefined where the
 * system does not report them.
 */
export function processorSeconds() {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [user, system, childrenUser, childrenSystem] = fields.slice(11, 15).map(Number);
    // On Linux these are hundredths of a second.
    return (user + system + childrenUser + childrenSystem) / 100;
  } catch {
    return undefined;
  }
}

export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/**
 * Lets this process continue when its output cannot be written: the reader of a pipe has ended (EPIPE),
 * or the disk of a log file is full (ENOSPC).
 */
function ignoreOutputErrors() {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}

/** Runs a command's main function; an expected failure is one line and exit code 1. */
export async function main(run) {
  ignoreOutputErrors();
  try {
    process.exitCode = (await run()) ?? 0;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
