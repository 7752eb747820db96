/**
 * A run of tests that leaves no process and no temporary file behind, whether it ends, is interrupted
 * or is killed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exitCode, finished, onNpmEnd, onSignal } from "./run.mjs";

const MARK = "LATCHKEY_TEST_RUN";

/** Windows has no process groups; a detached program would open a window there. */
const hasGroups = process.platform !== "win32";

/**
 * Begins a run. A variable, which child processes inherit, marks everything that this process starts
 * from now on, and sends its temporary files to one folder. A signal ends the run, and so does the
 * end of the npm that started it.
 */
export function beginRun() {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-"));
  // Postgres may run as another user, and has its files in this folder too.
  chmodSync(folder, 0o711);
  const watchdog = startWatchdog(folder);
  process.env[MARK] = folder;
  process.env.TMPDIR = folder;

  const running = new Set();
  const stops = [];
  let ending = false;

  /** Runs a program in its own process group, and then ends the rest of the group. */
  async function run([command, args], options) {
    const child = spawn(command, args, { ...options, detached: hasGroups });
    running.add(child);
    if (child.pid) watchdog.send(`+${child.pid}`);
    const { code, output } = await finished(child);
    running.delete(child);
    if (child.pid) {
      endGroup(child.pid);
      watchdog.send(`-${child.pid}`);
    }
    // The caller must not continue once the run is ending.
    return ending ? new Promise(() => {}) : { code, output };
  }

  /** Ends every remaining process and removes the folder. */
  async function end() {
    for (const stop of stops) await stop();
    await watchdog.end();
  }

  async function endOn(signal) {
    // On a second signal this process exits at once, and the watchdog ends the rest.
    if (ending) return process.exit(exitCode(null, signal));
    ending = true;
    const ended = [...running].map((child) => once(child, "close"));
    // Vitest and Playwright clean up only after SIGINT.
    for (const child of running) child.kill("SIGINT");
    await Promise.all(ended);
    await end();
    process.exit(exitCode(null, signal));
  }
  onSignal(endOn);
  onNpmEnd(() => endOn("SIGHUP"));

  return {
    folder,
    run,
    end,
    /** Registers a server that runs until the end of the run. */
    own({ pid, stop }) {
      watchdog.send(`+${pid}`);
      stops.push(stop);
    },
  };
}

/** The watchdog is not marked, and runs in its own session, where no Ctrl-C reaches it. */
function startWatchdog(folder) {
  const { [MARK]: _, ...env } = process.env;
  const program = join(import.meta.dirname, "watchdog.mjs");
  const watchdog = spawn(process.execPath, [program, `${MARK}=${folder}`, folder], {
    detached: true,
    env,
    stdio: ["pipe", "ignore", "inherit"],
  });
  const closed = once(watchdog, "close");
  // The tests continue if the watchdog was ended.
  watchdog.stdin.on("error", () => {});
  return {
    send: (message) => watchdog.stdin.write(`${message}\n`),
    async end() {
      watchdog.stdin.end();
      await closed;
    },
  };
}

function endGroup(pid) {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The group is empty.
  }
}
