import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const run = JSON.stringify(path.resolve("scripts/run.mjs"));
/** A program that runs until it is ended, and leaves a note when it is asked to. */
const child = `
  import { writeFileSync } from "node:fs";
  setInterval(() => {}, 1000);
  process.on("SIGTERM", () => { writeFileSync("asked", ""); process.exit(143); });
  writeFileSync("child", String(process.pid));
`;
const parent = `
  import { spawnFollower } from ${run};
  spawnFollower([process.execPath, ["child.mjs"]], { stdio: ["ignore", "ignore", "ignore"] });
  setInterval(() => {}, 1000);
`;

let folder: string;
let started: ChildProcess;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "latchkey-follow-"));
  writeFileSync(path.join(folder, "child.mjs"), child);
  writeFileSync(path.join(folder, "parent.mjs"), parent);
});
afterEach(() => {
  started.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const note = (name: string) => {
  try {
    return readFileSync(path.join(folder, name), "utf8");
  } catch {
    return null;
  }
};
async function until(holds: () => boolean) {
  while (!holds()) await sleep(20);
}
function isAlive(pid: number) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe.skipIf(process.platform === "win32")("a program of the launcher", () => {
  for (const how of ["SIGKILL", "SIGQUIT", "SIGTERM"] as const)
    test(
      `is asked to end when the launcher ends by ${how}`,
      { tags: how === "SIGKILL" ? [] : ["long"] },
      async () => {
        started = spawn(process.execPath, ["parent.mjs"], { cwd: folder, stdio: "ignore" });
        await until(() => note("child") !== null && note("child") !== "");
        started.kill(how);
        await until(() => note("asked") !== null && !isAlive(Number(note("child"))));
      },
    );

  test("keeps running, as its launcher does, when nobody reads the output", async () => {
    const program = `
      import { writeFileSync } from "node:fs";
      import { main, spawnFollower } from ${run};
      let writes = 0;
      await main(() => new Promise(() => {
        spawnFollower([process.execPath, ["child.mjs"]], { stdio: ["ignore", "ignore", "ignore"] });
        setInterval(() => {
          for (const stream of [process.stdout, process.stderr]) stream.write("a line");
          writeFileSync("writes", String((writes += 1)));
        }, 10);
      }));`;
    started = spawn(process.execPath, ["--input-type=module", "-e", program], { cwd: folder });
    started.stdout!.destroy();
    started.stderr!.destroy();
    await until(() => Number(note("writes")) > 20 && Boolean(note("child")));
    expect(isAlive(Number(note("child")))).toBe(true);
    started.kill("SIGTERM");
    await until(() => note("asked") !== null && !isAlive(Number(note("child"))));
  });

  test("may end before the launcher", async () => {
    writeFileSync(path.join(folder, "child.mjs"), "");
    const program = `
      import { finished, spawnFollower } from ${run};
      const stdio = ["ignore", "ignore", "ignore"];
      process.exit((await finished(spawnFollower([process.execPath, ["child.mjs"]], { stdio }))).code);`;
    started = spawn(process.execPath, ["--input-type=module", "-e", program], { cwd: folder });
    expect(await new Promise((resolve) => started.once("exit", resolve))).toBe(0);
  });
});
