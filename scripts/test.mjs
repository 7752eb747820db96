/**
 * `npm test` runs everything that a change must pass, on a machine without any preparation.
 * `npm run test:long` runs the slow rest. The last line has the counts; a missing program fails the
 * run and skips no test. CONTRIBUTING.md says which part to run when.
 *
 *   --long             the long part
 *   --faults           with --long: the table of faults alone, with the time until each is over
 *   --only=check,e2e   only these steps and the steps they need
 *   --update           writes what docs/faults.md says about faults, instead of comparing it
 *   e2e/link.spec.ts   only test files whose path contains this text
 */
import "./node-version.mjs";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "./build.mjs";
import { exclusively, useFolder } from "./folder-use.mjs";
import { install } from "./install.mjs";
import {
  embeddedProjects,
  featureTests,
  longTag,
  postgresProjects,
  unitProjects,
} from "./parts.mjs";
import { startCluster } from "./postgres-cluster.mjs";
import { fetchNode, otherNodes } from "./other-nodes.mjs";
import { Failure, main, processorSeconds, seconds, tool } from "./run.mjs";
import { readSettings } from "./settings.mjs";
import { installSystemPackages } from "./system-needs.mjs";
import { beginRun } from "./test-run.mjs";
import { fromPlaywright, fromVitest, printSummary, sum } from "./test-results.mjs";

const args = process.argv.slice(2);
const isLong = args.includes("--long");
const isFaults = args.includes("--faults");
const only = args.find((arg) => arg.startsWith("--only="))?.slice("--only=".length);
const updates = args.includes("--update");
const filters = args.filter((arg) => !arg.startsWith("--"));

const testRun = beginRun();
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };

/** The steps that other steps need. */
const prerequisites = {
  install: { run: installAlone },
  system: { needs: ["install"], run: () => installSystemPackages({ isLong }) },
  cluster: { needs: ["system"], run: startPostgres },
};

const daily = {
  ...prerequisites,
  check: { needs: ["install"], run: check },
  unit: { needs: ["install"], run: () => vitest("unit", unitProjects) },
  postgres: { needs: ["cluster"], run: () => vitest("postgres", postgresProjects) },
  build: { needs: ["install"], run: buildAlone },
  e2e: { needs: ["build", "cluster"], run: () => playwright("e2e", "--grep-invert=@long|@faults") },
};

const long = {
  ...prerequisites,
  embedded: { needs: ["system"], run: () => vitest("embedded", embeddedProjects) },
  long: {
    needs: ["cluster"],
    run: () => vitest("long", [...unitProjects, ...postgresProjects], { tags: longTag }),
  },
  ...Object.fromEntries(
    otherNodes.map((version) => [
      `node ${version}`,
      { needs: ["cluster"], run: () => onOtherNode(version) },
    ]),
  ),
  build: { needs: ["install"], run: buildAlone },
  e2e: {
    needs: ["build", "cluster"],
    run: () => (isFaults ? timedFaults() : playwright("e2e", "--grep=@long|@faults")),
  },
};

const steps = isLong ? long : daily;

function chosen() {
  if (!only) return Object.keys(steps);
  const wanted = new Set();
  const want = (name) => {
    if (!steps[name]) throw new Failure(`No step ${name}: ${Object.keys(steps).join(", ")}.`);
    steps[name].needs?.forEach(want);
    wanted.add(name);
  };
  only.split(",").forEach(want);
  return Object.keys(steps).filter((name) => wanted.has(name));
}

/**
 * Steps that are run side by side, as each leaves processor time unused. The browser tests use all of
 * it: beside other steps they take a quarter more processor time in total.
 */
const lanes = [["check", "build", "unit"], ["postgres"]];

/** Runs the prerequisites, then the lanes, then the rest. */
async function runSteps(names, results) {
  const inLane = new Set(isLong ? [] : lanes.flat());
  const run = async (some) => {
    for (const name of some) results[name] = await runStep(name, results);
  };
  await run(names.filter((name) => prerequisites[name]));
  await Promise.all(
    lanes.map((lane) => run(names.filter((name) => inLane.has(name) && lane.includes(name)))),
  );
  await run(names.filter((name) => !prerequisites[name] && !inLane.has(name)));
}

/** A step fails when a step that it needs has failed: a test that did not run has not passed. */
async function runStep(name, results) {
  const { needs = [], run } = steps[name];
  const broken = needs.find((need) => results[need].failed > 0);
  if (broken) return { failed: 1, took: "", note: `needs ${broken}` };
  console.log(`\n== ${name}`);
  const since = performance.now();
  const result = await run().catch((error) => {
    console.error(error instanceof Failure ? error.message : error);
    return { failed: 1 };
  });
  return { ...result, took: seconds(since) };
}

async function startPostgres() {
  const cluster = await startCluster();
  testRun.own(cluster);
  Object.assign(env, { TEST_POSTGRES_URL: cluster.url, TEST_POSTGRES_DATA: cluster.data });
}

/** No other process may install packages until this run ends. */
function installAlone() {
  return exclusively(async () => {
    await install({ withDevelopment: true });
    await useFolder("tests");
  });
}

/** No other process may build until this run ends: the tests' servers load the build bit by bit. */
function buildAlone() {
  return exclusively(async () => {
    await build(readSettings().env);
    await useFolder("e2e");
  });
}

async function check() {
  return counted(await runTool([process.execPath, ["scripts/check.mjs"]]), {});
}

/** By default all tests but those of the long part, on this Node. */
async function vitest(name, projects, { tags = `!${longTag}`, files = filters, node } = {}) {
  const report = join(testRun.folder, `${name}.json`);
  const which = projects.flatMap((project) => ["--project", project]);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const [ours, rest] = tool("vitest/vitest.mjs", "run", ...which, `--tags-filter=${tags}`);
  // A named file may be missing in a project; a run without any test still fails.
  const empty = files.length > 0 ? ["--passWithNoTests"] : [];
  const code = await runTool([node ?? ours, [...rest, ...reporters, ...empty, ...files]]);
  return counted(code, fromVitest(report, { of: name, isLong: tags === longTag }));
}

async function onOtherNode(version) {
  const node = await fetchNode(version);
  if (typeof node !== "string") return node;
  const all = { node, files: [] };
  const unit = await vitest(`unit on Node ${version}`, unitProjects, all);
  const files = { node, files: featureTests() };
  const flows = await vitest(`flows on Node ${version}`, postgresProjects, files);
  return sum([unit, flows]);
}

/** One row after the other: beside something else, the time that a fault takes to be over says nothing. */
const timedFaults = () => playwright("e2e", "--grep=@faults", "--workers=1");

async function playwright(name, ...which) {
  const report = join(testRun.folder, `${name}.json`);
  env.PLAYWRIGHT_JSON = report;
  const options = [...which, ...(updates ? ["--update-snapshots=all"] : [])];
  const code = await runTool(tool("@playwright/test/cli.js", "test", ...options, ...filters));
  return counted(code, fromPlaywright(report, { of: name }));
}

/** Counts one failure when the runner failed without a failed test, as for a file that does not load. */
function counted(code, { failed = 0, ...rest }) {
  return { ...rest, failed: code !== 0 ? Math.max(failed, 1) : failed };
}

async function runTool(command) {
  const { code } = await testRun.run(command, { env, stdio: "inherit" });
  return code;
}

/**
 * `npm test` writes its counts to the file TEST_COUNTS, and a later long part adds them to its own
 * last line.
 */
function withSavedCounts(results) {
  const file = process.env.TEST_COUNTS;
  if (!file) return results;
  if (isLong) return { "npm test": readCounts(file), ...results };
  const { passed, failed, skipped } = sum(Object.values(results));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ passed, failed, skipped, took: "" }));
  return results;
}

function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return { failed: 1, took: "", note: "wrote no counts" };
  }
}

await main(async () => {
  const since = performance.now();
  if (process.env.TEST_COUNTS && !isLong) rmSync(process.env.TEST_COUNTS, { force: true });
  const results = {};
  try {
    await runSteps(chosen(), results);
  } finally {
    await testRun.end();
  }
  const all = withSavedCounts(results);
  printSummary(all, { took: seconds(since), processorSeconds: processorSeconds() });
  const { failed, passed } = sum(Object.values(all));
  return failed > 0 || passed === 0 ? 1 : 0;
});
