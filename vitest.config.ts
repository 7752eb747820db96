import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";
import { longTag } from "./scripts/parts.mjs";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const folders = ["app", "lib", "db", "emails", "messages", "scripts", "test"];
const testFiles = folders.flatMap((folder) =>
  readdirSync(here(folder), { recursive: true, encoding: "utf8" })
    .map((file) => `${folder}/${file.replaceAll("\\", "/")}`)
    .filter((file) => /\.test\.tsx?$/.test(file)),
);

const needsDatabase = (file: string) => /\.(flow|db|pg)\.test\.ts$/.test(file);

/** Tests of database connections, which the embedded database does not have. */
const needsPostgres = (file: string) => file.endsWith(".pg.test.ts");

/** A file that replaces a module must load it first, so it cannot share modules with other files. */
const replacesModules = (file: string) =>
  /\bvi\.(mock|doMock|resetModules)\(/.test(readFileSync(here(file), "utf8"));

/**
 * Two projects for these files: one whose files share a process and its modules, because loading them
 * takes as long as the tests, and one for the files that cannot share.
 */
function projects(
  name: string,
  files: string[],
  env: Record<string, string> = {},
  globalSetup: string[] = [],
): TestProjectConfiguration[] {
  const alone = files.filter(replacesModules);
  const shared = files.filter((file) => !alone.includes(file));
  return [
    { extends: true, test: { name, include: shared, env, isolate: false, globalSetup } },
    { extends: true, test: { name: `${name}-isolated`, include: alone, env, globalSetup } },
  ];
}

const outcomes = ["./test/support/outcome-coverage.ts"];
const onDatabase = testFiles.filter(needsDatabase);

export default defineConfig({
  resolve: {
    alias: [{ find: /^@\//, replacement: here("./") }],
  },
  test: {
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Less than a test's, so that a failure names what was waited for.
    expect: { poll: { timeout: 100_000 } },
    bail: 10,
    tags: [{ name: longTag, description: "only in the long part, `npm run test:long`" }],
    projects: [
      ...projects(
        "unit",
        testFiles.filter((file) => !needsDatabase(file)),
      ),
      // The migration of the embedded database is tested in the short part too.
      {
        extends: true,
        test: {
          name: "unit-pglite",
          include: ["db/migrate.db.test.ts"],
          env: { TEST_DATABASE: "pglite" },
        },
      },
      ...projects("postgres", onDatabase, { TEST_DATABASE: "postgres" }, outcomes),
      ...projects(
        "pglite",
        onDatabase.filter((file) => !needsPostgres(file)),
        { TEST_DATABASE: "pglite" },
        outcomes,
      ),
    ],
  },
});
