import { fileURLToPath } from "node:url";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const ON_DATABASE = "**/*.{flow,db}.test.ts";

const ADAPTERS = "lib/outside/**/*.db.test.ts";

/** The same flows run twice: on the embedded Postgres and on a real one, where races are real too. */
function onDatabase(name: "pglite" | "postgres"): TestProjectConfiguration[] {
  const env = { TEST_DATABASE: name };
  return [
    {
      extends: true,
      // Files share a process: each has a database of its own, and loading the house costs more.
      test: { name, include: [ON_DATABASE], exclude: [ADAPTERS], env, isolate: false },
    },
    // Some of these put something else in a module's place, which must not be loaded before.
    { extends: true, test: { name: `${name}-outside`, include: [ADAPTERS], env } },
  ];
}

export default defineConfig({
  resolve: {
    alias: [{ find: /^@\//, replacement: here("./") }],
  },
  test: {
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    bail: 10,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{app,lib,db,emails,scripts}/**/*.test.{ts,tsx}"],
          exclude: [ON_DATABASE],
        },
      },
      ...onDatabase("pglite"),
      ...onDatabase("postgres"),
    ],
  },
});
