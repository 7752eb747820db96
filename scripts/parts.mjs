/**
 * What is tested where: the one place that vitest.config.ts and the runner of tests read. A project
 * whose name ends in "isolated" holds the files that replace a module (see vitest.config.ts).
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";

const withIsolated = (name) => [name, `${name}-isolated`];

/** No database server is needed. */
export const unitProjects = [...withIsolated("unit"), "unit-pglite"];
/** Flows and what they stand on, on a real Postgres, where races are real: in `npm test`. */
export const postgresProjects = withIsolated("postgres");
/** The same on the embedded database: in the long part. */
export const embeddedProjects = withIsolated("pglite");

/** The tag of a Vitest test that only the long part runs; for Playwright it is "@long". */
export const longTag = "long";

/** A flow test of each feature, and the walk through all of them: what other versions of Node run. */
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
