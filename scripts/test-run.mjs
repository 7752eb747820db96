/**
 * A run of tests, and the promise that nothing of it stays behind: no process and no temporary file,
 * whether it ends, is interrupted or is killed.
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
 * Begins a run: everything that this process starts from now on is marked, by a variable that is
 * passed on from process to process, and has its temporary files in one folder. A signal ends the
 * run, and so does the end of the npm that began it.
 */
export function beginRun() {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-"));
  // Postgres, which root runs as another user, has its files in there too.
  chmodSync(folder, 0o711);
  const watchdog = startWatchdog(folder);
  process.env[MARK] = folder;
  process.env.TMPDIR = folder;

  const running = new Set();
  const stops = [];
  let ending = false;

  /** Runs a program to its end, in a process group of its own; what it leaves there is ended. */
  async function run([command, args], options) {
    const child = spawn(command, args, { ...options, detached: hasGroups });
    running.add(child);
    if (child.pid) watchdog.tell(`+${child.pid}`);
    const { code, output } = await finished(child);
    running.delete(child);
    if (child.pid) {
      endGroup(child.pid);
      watchdog.tell(`-${child.pid}`);
    }
    // Whoever asked is not told: the run is over.
    return ending ? new Promise(() => {}) : { code, output };
  }

  /** Ends and removes everything that is still there. */
  async function end() {
    for (const stop of stops) await stop();
    await watchdog.end();
  }

  async function endOn(signal) {
    // Whoever asks twice does not want to wait; what is left then is ended all the same.
    if (ending) return process.exit(exitCode(null, signal));
    ending = true;
    const ended = [...running].map((child) => once(child, "close"));
    // Vitest and Playwright clean up after SIGINT, and after nothing else.
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
    /** Tells of a server that stays until the run's end, and of how it is stopped. */
    own({ pid, stop }) {
      watchdog.tell(`+${pid}`);
      stops.push(stop);
    },
  };
}

/** Not marked itself, and in a session of its own, where no Ctrl-C reaches it. */
function startWatchdog(folder) {
  const { [MARK]: _, ...env } = process.env;
  const program = join(import.meta.dirname, "watchdog.mjs");
  const watchdog = spawn(process.execPath, [program, `${MARK}=${folder}`, folder], {
    detached: true,
    env,
    stdio: ["pipe", "ignore", "inherit"],
  });
  const over = once(watchdog, "close");
  // Should it have been ended, the tests go on without it.
  watchdog.stdin.on("error", () => {});
  return {
    tell: (textLine) => watchdog.stdin.write(`${textLine}\n`),
    async end() {
      watchdog.stdin.end();
      await over;
    },
  };
}

function endGroup(pid) {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody is left in it, which is how it should be.
  }
}
