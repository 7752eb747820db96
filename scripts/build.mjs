import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { quietly, tool } from "./run.mjs";

const MARK = ".next/latchkey-source-hash";
/** The files that a build depends on. */
export const SOURCE = [
  ...["app", "lib", "db", "emails", "messages", "public"],
  ...["next.config.ts", "proxy.ts", "instrumentation.ts", "tsconfig.json", "package-lock.json"],
];

/** Builds the app, unless .next was built from the same source. */
export async function build(env) {
  const hash = sourceHash(env);
  if (readIfThere(MARK) === hash) return;
  // Types of deleted routes remain in .next and fail the build.
  rmSync(".next", { recursive: true, force: true });
  await quietly("Building", tool("next/dist/bin/next", "build"), {
    ...env,
    NODE_ENV: "production",
  });
  writeFileSync(MARK, hash);
}

/** The action key is part of the source, because the ids of server actions depend on it. */
function sourceHash(env) {
  const hash = createHash("sha256").update(env.NEXT_SERVER_ACTIONS_ENCRYPTION_KEY ?? "");
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
