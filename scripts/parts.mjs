/**
 * The test projects and parts, for vitest.config.ts and scripts/test.mjs. A project whose name ends
 * in "isolated" contains the files that replace a module (see vitest.config.ts).
 */
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";

const withIsolated = (name) => [name, `${name}-isolated`];

/** Tests without a database server. */
export const unitProjects = [...withIsolated("unit"), "unit-pglite"];
/** Tests of flows and stores on a real Postgres, with real races: part of `npm test`. */
export const postgresProjects = withIsolated("postgres");
/** The same tests on the embedded database: in the long part. */
export const embeddedProjects = withIsolated("pglite");

/** The tag of Vitest tests that only the long part runs; for Playwright it is "@long". */
export const longTag = "long";

/** The first flow test of each folder of flows and the acceptance test, to run on other Node versions. */
export function featureTests() {
  const flows = "lib/flows";
  const firstOfFolder = new Map();
  for (const file of readdirSync(flows, { recursive: true }).sort()) {
    if (!file.endsWith(".flow.test.ts") || dirname(file) === ".") continue;
    if (!firstOfFolder.has(dirname(file))) firstOfFolder.set(dirname(file), join(flows, file));
  }
  return [...firstOfFolder.values(), join(flows, "acceptance.flow.test.ts")];
}
