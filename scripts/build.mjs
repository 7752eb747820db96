import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { quietly, tool } from "./run.mjs";

const MARK = ".next/latchkey-source-hash";
/** All that a build is made of. */
export const SOURCE = [
  ...["app", "lib", "db", "emails", "messages", "public"],
  ...["next.config.ts", "proxy.ts", "instrumentation.ts", "tsconfig.json", "package-lock.json"],
];

/** Builds the app, unless .next was built from this very source. */
export async function build(env) {
  const hash = sourceHash(env);
  if (readIfThere(MARK) === hash) return;
  // Types of routes that are gone stay in .next and fail the build.
  rmSync(".next", { recursive: true, force: true });
  await quietly("Building", tool("next/dist/bin/next", "build"), {
    ...env,
    NODE_ENV: "production",
  });
  writeFileSync(MARK, hash);
}

/** The action key counts as source: the ids of actions are made with it. */
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
