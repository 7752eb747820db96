import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** A test and four servers, each of which is hard to find in another way. */
const program = `
  sleep 10001 & started="$!"
  setsid sleep 10002 & started="$started $!"
  env -i sleep 10003 & started="$started $!"
  (trap '' TERM INT; exec sleep 10004) & started="$started $!"
  echo "$started" > "$1/pids.draft" && mv "$1/pids.draft" "$1/pids"
  [ "$2" = stays ] && wait
  exit 0
`;

/** A runner like scripts/test.mjs: it begins a run, runs a program and ends the run. */
const runner = `
  import { writeFileSync } from "node:fs";
  import { join } from "node:path";
  import { beginRun } from ${JSON.stringify(path.resolve("scripts/test-run.mjs"))};
  const [notes, ends] = process.argv.slice(2);
  const run = beginRun();
  writeFileSync(join(run.folder, "left"), "");
  writeFileSync(join(notes, "runner"), JSON.stringify({ pid: process.pid, folder: run.folder }));
  await run.run(["sh", ["-c", ${JSON.stringify(program)}, "test", notes, ends]], { stdio: "ignore" });
  await run.end();
`;

let notes: string;
let started: ChildProcess;

beforeEach(() => {
  notes = mkdtempSync(path.join(tmpdir(), "latchkey-run-"));
  writeFileSync(path.join(notes, "runner.mjs"), runner);
  mkdirSync(path.join(notes, "tmp"));
});
afterEach(() => {
  for (const pid of [...pids(), started.pid!]) if (isAlive(pid)) process.kill(pid, "SIGKILL");
  rmSync(notes, { recursive: true, force: true });
});

const note = (name: string) => {
  const file = path.join(notes, name);
  return existsSync(file) ? readFileSync(file, "utf8") : "";
};
const pids = () => note("pids").trim().split(" ").filter(Boolean).map(Number);

function isAlive(pid: number) {
  try {
    // A zombie has ended too.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function until(holds: () => boolean) {
  while (!holds()) await sleep(20);
}

/** Starts a runner, and waits until its test has started all servers. */
async function start(command: string, args: string[]) {
  const env = { ...process.env, TMPDIR: path.join(notes, "tmp") };
  started = spawn(command, args, { cwd: notes, env, stdio: "ignore", detached: true });
  await until(() => pids().length > 0);
  const { pid, folder } = JSON.parse(note("runner")) as { pid: number; folder: string };
  return { pid, folder };
}

async function expectNothingLeft({ pid, folder }: { pid: number; folder: string }) {
  await until(() => !isAlive(pid) && !pids().some(isAlive) && !existsSync(folder));
  expect(pids()).toHaveLength(4);
}

const node = (ends: "stays" | "ends") => [path.join(notes, "runner.mjs"), notes, ends];

// Other systems do not show the environment of a process.
describe.runIf(process.platform === "linux")(
  "no process and no file remains after a run that",
  () => {
    test("comes to its end", async () => {
      await expectNothingLeft(await start(process.execPath, node("ends")));
    });

    for (const how of ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"] as const)
      test(`is ended by ${how}`, { tags: how === "SIGKILL" ? [] : ["long"] }, async () => {
        const run = await start(process.execPath, node("stays"));
        process.kill(run.pid, how);
        await expectNothingLeft(run);
      });

    describe("npm started and that", () => {
      const startNpm = () => {
        const script = `${JSON.stringify(process.execPath)} runner.mjs . stays`;
        const file = path.join(notes, "package.json");
        writeFileSync(file, JSON.stringify({ scripts: { test: script } }));
        return start("npm", ["test"]);
      };

      for (const how of ["SIGTERM", "SIGHUP", "SIGKILL"] as const)
        test(`loses its npm by ${how}`, { tags: how === "SIGKILL" ? [] : ["long"] }, async () => {
          const run = await startNpm();
          started.kill(how);
          await expectNothingLeft(run);
        });

      // npm leaves a SIGINT to its scripts, and a terminal sends it to all of them.
      test("is interrupted by Ctrl-C", { tags: ["long"] }, async () => {
        const run = await startNpm();
        process.kill(-started.pid!, "SIGINT");
        await expectNothingLeft(run);
      });
    });
  },
);
