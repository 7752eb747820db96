/**
 * The test projects and parts, for vitest.config.ts and scripts/test.mjs. A project whose name ends
 * in "isolated" contains the files that replace a module (see vitest.config.ts).
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";

const withIsolated = (name) => [name, `${name}-isolated`];

/** Tests without a database server. */
export const unitProjects = [...withIsolated("unit"), "unit-pglite"];
/** Tests of flows and stores on a real Postgres, with real races: part of `npm test`. */
export const postgresProjects = withIsolated("postgres");
/** The same tests on the embedded database: in the long part. */
export const embeddedProjects = withIsolated("pglite");

/** The tag of Vitest tests that only the long part runs; for Playwright it is "@long". */
export const longTag = "long";

/** One flow test of each feature and the acceptance test, to run on other Node versions. */
export function featureTests() {
  const flows = "lib/flows";
  const features = readdirSync(flows, { withFileTypes: true }).filter((one) => one.isDirectory());
  return [
    ...features.map(({ name }) => join(flows, name, firstFlowTest(join(flows, name)))),
    join(flows, "acceptance.flow.test.ts"),
  ];
}

const firstFlowTest = (folder) =>
  readdirSync(folder)
    .sort()
    .find((name) => name.endsWith(".flow.test.ts"));
