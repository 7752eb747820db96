/** The other versions of Node that package.json promises, for the long part of the tests. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { npm, quietly } from "./run.mjs";

/** Pinned, so that a run does not change by itself. */
const versions = { 20: "20.20.2", 22: "22.23.5", 24: "24.22.3" };

/** Those that the tests do not run on already. */
export const otherNodes = Object.keys(versions).filter(
  (major) => !process.version.startsWith(`v${major}.`),
);

/** The path of that Node, downloaded when it is not there; or where it cannot be run, a note. */
export async function fetchNode(major) {
  const platform = `${process.platform}-${process.arch}`;
  if (platform !== "linux-x64") return { note: `not run: there is none for ${platform} here` };
  const name = `node-${platform}`;
  const folder = resolve("node_modules", ".cache", "latchkey", `node-${versions[major]}`);
  const program = join(folder, "node_modules", name, "bin", "node");
  if (!existsSync(program)) {
    const flags = ["--no-save", "--no-audit", "--no-fund", "--no-package-lock"];
    await quietly(
      `Fetching Node ${versions[major]}`,
      npm("install", "--prefix", folder, ...flags, `${name}@${versions[major]}`),
    );
  }
  return program;
}
