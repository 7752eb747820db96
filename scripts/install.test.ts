import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";

/** What npm is told to install, by a program in its place. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "latchkey-install-"));
  const npm = `require("node:fs").writeFileSync("log", process.argv.slice(2).join(" "));`;
  writeFileSync(path.join(folder, "npm-cli.js"), npm);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const server = { "node_modules/next": { version: "2.0.0" } };
const tests = { "node_modules/vitest": { version: "1.0.0", dev: true } };

async function installed(present: object, options = "{}") {
  const write = (file: string, packages: object) =>
    writeFileSync(path.join(folder, file), JSON.stringify({ packages }));
  write("package-lock.json", { ...server, ...tests, "node_modules/zod": { version: "4.0.0" } });
  mkdirSync(path.join(folder, "node_modules"));
  write("node_modules/.package-lock.json", present);
  const program = `
    import { install } from ${JSON.stringify(path.resolve("scripts/install.mjs"))};
    await install(${options});`;
  await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
    cwd: folder,
    env: { ...process.env, npm_execpath: path.join(folder, "npm-cli.js") },
  });
  const log = path.join(folder, "log");
  return existsSync(log) ? readFileSync(log, "utf8") : null;
}

const quiet = "--no-audit --no-fund";
const zod = { "node_modules/zod": { version: "4.0.0" } };

test.each([
  ["nothing is there", {}, `ci --omit=dev ${quiet}`],
  ["a package is missing", server, `install --no-save --omit=dev ${quiet}`],
  [
    "the tests' packages are there",
    { ...server, ...tests },
    `install --no-save --include=dev ${quiet}`,
  ],
  [
    "a package is outdated",
    { ...zod, "node_modules/next": { version: "1.0.0" } },
    `ci --omit=dev ${quiet}`,
  ],
  ["only the tests' packages are missing", { ...server, ...zod }, null],
])("a start where %s", async (_, present, expected) => {
  expect(await installed(present)).toBe(expected);
});

test("a run of the tests installs theirs, too", async () => {
  const command = `install --no-save --include=dev ${quiet}`;
  expect(await installed({ ...server, ...zod }, "{ withDevelopment: true }")).toBe(command);
});
