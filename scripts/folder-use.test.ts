import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** Processes that use the same folder. */

const module = JSON.stringify(path.resolve("scripts/folder-use.mjs"));
let folder: string;
const processes: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "latchkey-folder-"));
});
afterEach(() => {
  for (const one of processes.splice(0)) one.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a program in the folder. Returns the process and its output. */
function run(program: string) {
  const text = `import * as folder from ${module};\n${program}`;
  const args = ["--input-type=module", "-e", text];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  processes.push(child);
  return { child, output: createInterface(child.stdout)[Symbol.asyncIterator]() };
}
async function outputOf(program: string) {
  const { child } = run(program);
  let text = "";
  for (const stream of [child.stdout!, child.stderr!])
    stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, "close")) as [number];
  return { code, text };
}

const user = (as: string) => `
  await folder.useFolder("${as}");
  console.log("uses it");
  setInterval(() => {}, 1000);`;
const refusal = `
  try {
    await folder.refuseWhileUsed(["server"], "its build is old");
    console.log("may build");
  } catch ({ message }) {
    console.log(message);
  }`;

describe("a build in a folder", () => {
  test("is refused while a server uses it, and allowed after it was killed", async () => {
    const server = run(user("server"));
    await server.output.next();
    expect((await outputOf(refusal)).text).toBe(
      "A server runs in this folder, and its build is old. Stop it first, or use a copy of the folder.\n",
    );
    server.child.kill("SIGKILL");
    await once(server.child, "close");
    expect((await outputOf(refusal)).text).toBe("may build\n");
    expect(readdirSync(path.join(folder, ".running"))).toEqual([]);
  });

  test("is allowed beside a development server, and where nobody is", async () => {
    expect((await outputOf(refusal)).text).toBe("may build\n");
    const server = run(user("dev"));
    await server.output.next();
    expect((await outputOf(refusal)).text).toBe("may build\n");
  });

  test("leaves nothing of a process that ended by itself", async () => {
    await outputOf(`await folder.useFolder("server");`);
    expect(readdirSync(path.join(folder, ".running"))).toEqual([]);
  });

  test("runs once at a time, also after a process was killed in it", async () => {
    const killed = run(`await folder.exclusively(async () => {
      console.log("prepares");
      await new Promise((resolve) => setInterval(resolve, 1e6));
    });`);
    await killed.output.next();
    const log = path.join(folder, "log");
    writeFileSync(log, "");
    const prepare = `
      import { appendFileSync } from "node:fs";
      await folder.exclusively(async () => {
        appendFileSync("log", "begin\\n");
        await new Promise((resolve) => setTimeout(resolve, 50));
        appendFileSync("log", "end\\n");
      });`;
    const waiting = [1, 2, 3].map(() => run(prepare));
    expect((await waiting[0]!.output.next()).value).toMatch(/^Waiting for another process/);
    expect(readFileSync(log, "utf8")).toBe("");
    killed.child.kill("SIGKILL");
    await Promise.all(waiting.map(({ child }) => once(child, "exit")));
    expect(readFileSync(log, "utf8")).toBe("begin\nend\n".repeat(3));
  });

  test("works where the use of the folder cannot be marked, and says so once", async () => {
    writeFileSync(path.join(folder, ".running"), "");
    const prepare = `
      await folder.exclusively(async () => console.log("prepares"));
      await folder.useFolder("server");`;
    expect(await outputOf(`${prepare}${refusal}`)).toEqual({
      code: 0,
      text: expect.stringMatching(
        /^This folder could not be marked as used \(EEXIST\): .+\nprepares\nmay build\n$/,
      ) as string,
    });
  });

  test("asks the process of another user, and does not wait for what that one has left", async () => {
    const server = run(user("preparing"));
    await server.output.next();
    const marks = readdirSync(path.join(folder, ".running"));
    // To connect, a user needs the right to write. Node 20 gives every user more rights than that.
    const writable = marks.map(
      (mark) => statSync(path.join(folder, ".running", mark)).mode & 0o222,
    );
    expect(writable).toEqual([0o222]);
    // Without its permission the system answers as it does to another user.
    const denied = `
      import net from "node:net";
      import { syncBuiltinESMExports } from "node:module";
      import { EventEmitter } from "node:events";
      net.connect = () => {
        const socket = new EventEmitter();
        setImmediate(() => socket.emit("error", { code: "EACCES" }));
        return socket;
      };
      syncBuiltinESMExports();
      await folder.exclusively(async () => console.log("prepares"));`;
    expect((await outputOf(denied)).text).toBe("prepares\n");
  });
});

describe("a run of the tests", { tags: ["long"] }, () => {
  /** A package, npm that installs it, and Vitest, which says which uses it finds. */
  beforeEach(() => {
    const packages = JSON.stringify({ packages: { "node_modules/vitest": { version: "1.0.0" } } });
    writeFileSync(path.join(folder, "package-lock.json"), packages);
    writeFileSync(
      path.join(folder, "npm-cli.js"),
      `
      const { appendFileSync, mkdirSync, writeFileSync } = require("node:fs");
      appendFileSync("log", process.argv.slice(2).join(" ") + "\\n");
      setTimeout(() => {
        mkdirSync("node_modules/vitest", { recursive: true });
        writeFileSync("node_modules/vitest/vitest.mjs", ${JSON.stringify(vitest)});
        writeFileSync("node_modules/.package-lock.json", ${JSON.stringify(packages)});
        appendFileSync("log", "end\\n");
      }, 500);`,
    );
  });
  const vitest = `
    import { appendFileSync, readdirSync } from "node:fs";
    appendFileSync("uses", readdirSync(".running").filter((name) => name.startsWith(process.ppid)) + "\\n");`;
  const log = () => readFileSync(path.join(folder, "log"), "utf8").trim().split("\n");
  const testRun = () => {
    const env = { ...process.env, npm_execpath: path.join(folder, "npm-cli.js") };
    const args = [path.resolve("scripts/test.mjs"), "--only=unit"];
    const child = spawn(process.execPath, args, { cwd: folder, env, stdio: "ignore" });
    processes.push(child);
    return child;
  };

  test("installs once beside another run, and uses the packages until it ends", async () => {
    const runs = [testRun(), testRun()];
    await Promise.all(runs.map((one) => once(one, "exit")));
    expect(log()).toEqual(["ci --include=dev --no-audit --no-fund", "end"]);
    const uses = readFileSync(path.join(folder, "uses"), "utf8").trim().split("\n").sort();
    expect(uses).toEqual(runs.map(({ pid }) => `${pid}-tests`).sort());
    expect(readdirSync(path.join(folder, ".running"))).toEqual([]);
  });

  /** The packages of a server, as npm records them. */
  const installed = (version: string) => {
    mkdirSync(path.join(folder, "node_modules"));
    const packages = JSON.stringify({ packages: { "node_modules/next": { version } } });
    writeFileSync(path.join(folder, "node_modules/.package-lock.json"), packages);
    const wanted = {
      "node_modules/next": { version: "2.0.0" },
      "node_modules/vitest": { version: "1.0.0" },
    };
    writeFileSync(path.join(folder, "package-lock.json"), JSON.stringify({ packages: wanted }));
  };

  test("adds its packages beside a running server", async () => {
    installed("2.0.0");
    await run(user("server")).output.next();
    await once(testRun(), "exit");
    expect(log()).toEqual(["install --no-save --include=dev --no-audit --no-fund", "end"]);
  });

  test("replaces no packages under a running server", async () => {
    installed("1.0.0");
    await run(user("server")).output.next();
    const [code] = (await once(testRun(), "exit")) as [number];
    expect(code).toBe(1);
    expect(existsSync(path.join(folder, "log"))).toBe(false);
  });
});
