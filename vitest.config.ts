import { fileURLToPath } from "node:url";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const ON_DATABASE = "**/*.{flow,db}.test.ts";

/** The same flows run twice: on the embedded Postgres and on a real one, where races are real too. */
function onDatabase(name: "pglite" | "postgres"): TestProjectConfiguration {
  return {
    extends: true,
    // Files share a process: each has a database of its own, and loading the house costs more.
    test: { name, include: [ON_DATABASE], env: { TEST_DATABASE: name }, isolate: false },
  };
}

export default defineConfig({
  resolve: {
    alias: [{ find: /^@\//, replacement: here("./") }],
  },
  test: {
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{app,lib,db,emails,scripts}/**/*.test.{ts,tsx}"],
          exclude: [ON_DATABASE],
        },
      },
      onDatabase("pglite"),
      onDatabase("postgres"),
    ],
  },
});
