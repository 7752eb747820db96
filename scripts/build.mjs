import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { refuseWhileUsed } from "./folder-use.mjs";
import { quietly, tool } from "./run.mjs";

const OUTPUT = ".next";
const MARK = join(OUTPUT, "latchkey-source-hash");

/**
 * The action key of every build, and no secret: Next derives the ids of server actions from it and
 * writes it into files that every user can read. The server encrypts with the key of its environment.
 */
export const BUILD_KEY = createHash("sha256").update("latchkey build").digest("base64");

/** The files that a build depends on. */
export const SOURCE = [
  ...["app", "lib", "db", "emails", "messages", "public"],
  ...["next.config.ts", "proxy.ts", "instrumentation.ts", "tsconfig.json", "package-lock.json"],
];

/**
 * Builds the app, unless .next was built from the same source. Throws a `Failure` when a server or
 * tests use the present build: pages that they load later would be of another build.
 */
export async function build(env) {
  const hash = sourceHash();
  if (readIfThere(MARK) === hash) return;
  await refuseWhileUsed(["server", "e2e"], "the source differs from its build");
  removeOutput();
  await quietly("Building", tool("next/dist/bin/next", "build"), {
    ...env,
    NODE_ENV: "production",
    NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: BUILD_KEY,
  });
  writeFileSync(MARK, hash);
}

/**
 * Types of deleted routes remain and would fail the build. The mark goes first: an interrupted build
 * must not look complete. "dev" belongs to the development server, which may be running.
 */
function removeOutput() {
  rmSync(MARK, { force: true });
  const old = existsSync(OUTPUT) ? readdirSync(OUTPUT).filter((name) => name !== "dev") : [];
  for (const name of old) rmSync(join(OUTPUT, name), { recursive: true, force: true });
}

function sourceHash() {
  const hash = createHash("sha256").update(BUILD_KEY);
  for (const file of SOURCE.flatMap(filesIn)) hash.update(`\0${file}\0`).update(readFileSync(file));
  return hash.digest("hex");
}

function filesIn(path) {
  const entry = statSync(path, { throwIfNoEntry: false });
  if (entry?.isDirectory())
    return readdirSync(path)
      .sort()
      .flatMap((name) => filesIn(join(path, name)));
  return entry && !/\.test\.tsx?$/.test(path) ? [path] : [];
}

function readIfThere(file) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}
