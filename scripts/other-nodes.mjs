/** The other Node versions that package.json supports, for the long part of the tests. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { npm, quietly } from "./run.mjs";

/** Pinned, because the same commit must test the same versions. */
const versions = { 20: "20.20.2", 22: "22.23.5", 24: "24.22.3" };

/** The major versions other than the current one. */
export const otherNodes = Object.keys(versions).filter(
  (major) => !process.version.startsWith(`v${major}.`),
);

/** The path of that Node, downloaded if necessary; or a note where it cannot run. */
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
