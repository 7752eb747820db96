/** Running other programs, with Node built-ins only: this works before anything is installed. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";

/** An expected end, told in one line. Anything else thrown is a bug and keeps its stack. */
export class Failure extends Error {}

/**
 * npm as [command, args]. Called by npm itself, its own file is run by this Node: no shell, and so
 * no quoting, which Windows would otherwise need for npm.cmd.
 */
export function npm(...args) {
  const cli = process.env.npm_execpath;
  return cli?.endsWith("npm-cli.js") ? [process.execPath, [cli, ...args]] : ["npm", args];
}

/** A package's own command, run by this Node, without npx in between. */
export const tool = (file, ...args) => [process.execPath, [`node_modules/${file}`, ...args]];

/** One line while it works; what the program says is shown only when it fails. */
export async function quietly(title, [command, args], env = process.env) {
  console.log(`${title} …`);
  const since = performance.now();
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const killChildOnExit = () => child.kill();
  process.once("exit", killChildOnExit);
  const { code, output } = await finished(child);
  process.off("exit", killChildOnExit);
  if (code !== 0) {
    process.stderr.write(output);
    throw new Failure(`${title} failed after ${seconds(since)} (exit code ${code}).`);
  }
}

/** The exit code and all that was said; 127 when the program could not be started. */
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

/** As a shell tells it: 128 + n for a program that signal n ended. */
export const exitCode = (code, signal) =>
  signal ? 128 + constants.signals[signal] : code < 0 ? 127 : code;

/** What asks a program to end. */
export const onSignal = (act) => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, act);
};

/**
 * Calls `act` once when the npm that runs this script has ended. A signal to npm ends npm, or npm and
 * the shell between it and us; neither tells us.
 */
export function onNpmEnd(act) {
  if (!process.env.npm_lifecycle_event) return;
  const shell = process.ppid;
  const parent = aboutProcess(shell);
  const npm = [
    { pid: shell, ...parent },
    { pid: parent.parent, ...aboutProcess(parent.parent) },
  ]
    .filter(({ name }) => name?.startsWith("npm"))
    .map(({ pid }) => pid)[0];
  const look = setInterval(() => {
    if (process.ppid === shell && (!npm || aboutProcess(npm).name)) return;
    clearInterval(look);
    act();
  }, 500);
  look.unref();
}

/** The name and the parent of a process; nothing where there is no /proc, or no such process. */
function aboutProcess(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [, name, parent] = /^\d+ \((.*)\) [^ZX] (\d+)/s.exec(stat);
    return { name, parent: Number(parent) };
  } catch {
    return {};
  }
}

/**
 * Processor seconds of this process and of all those that it, or one of them, waited for the end
 * of; user and system. Undefined where the system does not tell.
 */
export function processorSeconds() {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [user, system, childrenUser, childrenSystem] = fields.slice(11, 15).map(Number);
    // Linux counts in hundredths of a second there, on every machine.
    return (user + system + childrenUser + childrenSystem) / 100;
  } catch {
    return undefined;
  }
}

export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Runs a command's main function; an expected failure is one line and exit code 1. */
export async function main(run) {
  try {
    process.exitCode = (await run()) ?? 0;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
