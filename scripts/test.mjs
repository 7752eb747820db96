/**
 * `npm test`: everything, from a bare machine. The last line counts; nothing is skipped because
 * something is not there.
 *
 *   --only=check,e2e   these steps and what they need, for daily use
 */
import "./node-version.mjs";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "./build.mjs";
import { install } from "./install.mjs";
import { startCluster } from "./postgres-cluster.mjs";
import { exitCode, Failure, finished, main, onSignal, seconds, tool } from "./run.mjs";
import { readSettings } from "./settings.mjs";
import { meetSystemNeeds } from "./system-needs.mjs";

const reports = mkdtempSync(join(tmpdir(), "latchkey-test-"));
process.once("exit", () => rmSync(reports, { recursive: true, force: true }));

const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };

const steps = {
  install: { run: install },
  system: { needs: ["install"], run: meetSystemNeeds },
  cluster: { needs: ["system"], run: startPostgres },
  check: { needs: ["install"], run: check },
  unit: { needs: ["system"], run: () => vitest("unit", "pglite", "pglite-outside") },
  postgres: { needs: ["cluster"], run: () => vitest("postgres", "postgres-outside") },
  build: { needs: ["install"], run: () => build(readSettings().env) },
  e2e: { needs: ["build", "cluster"], run: playwright },
};

function chosen() {
  const only = process.argv.find((arg) => arg.startsWith("--only="))?.slice("--only=".length);
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

/** A step whose ground is missing has failed too: a test that did not run has not passed. */
async function runStep(name, results) {
  const { needs = [], run } = steps[name];
  const broken = needs.find((need) => results[need].failed > 0);
  if (broken) return { passed: 0, failed: 1, skipped: 0, took: "", note: `needs ${broken}` };
  console.log(`\n== ${name}`);
  const since = performance.now();
  const counts = await run().catch((error) => {
    console.error(error instanceof Failure ? error.message : error);
    return { failed: 1 };
  });
  return { passed: 0, failed: 0, skipped: 0, note: "", ...counts, took: seconds(since) };
}

async function startPostgres() {
  const { url, data } = await startCluster();
  Object.assign(env, { TEST_POSTGRES_URL: url, TEST_POSTGRES_DATA: data });
}

async function check() {
  return counted(await runTool([process.execPath, ["scripts/check.mjs"]]), {});
}

async function vitest(...projects) {
  const file = join(reports, `${projects.join("-")}.json`);
  const which = projects.flatMap((project) => ["--project", project]);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const code = await runTool(tool("vitest/vitest.mjs", "run", ...which, ...reporters));
  const report = read(file);
  return counted(code, {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
  });
}

async function playwright() {
  const file = join(reports, "e2e.json");
  env.PLAYWRIGHT_JSON = file;
  const code = await runTool(tool("@playwright/test/cli.js", "test"));
  const { stats } = read(file);
  return counted(code, {
    passed: stats?.expected,
    failed: stats && stats.unexpected + stats.flaky,
    skipped: stats?.skipped,
  });
}

/** A runner that failed beside its tests (a file that does not load) is a failure of its own. */
function counted(code, { passed = 0, failed = 0, skipped = 0 }) {
  return { passed, failed: code !== 0 ? Math.max(failed, 1) : failed, skipped: skipped || 0 };
}

/** The program at work, so that a signal can be passed on to it. */
let running;

async function runTool([command, args]) {
  running = spawn(command, args, { env, stdio: "inherit" });
  const { code } = await finished(running);
  running = undefined;
  return code;
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {}; // The runner did not get that far; its exit code says so.
  }
}

/** Leaving through process.exit, so that the cluster and the reports go with us. */
function endOn(signal) {
  const end = () => process.exit(exitCode(null, signal));
  if (!running) return end();
  // Vitest and Playwright clean up after SIGINT, and after nothing else.
  running.once("close", end).kill("SIGINT");
}

function sum(results) {
  return Object.values(results).reduce((a, b) => ({
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  }));
}

function print(results) {
  console.log("");
  for (const [name, { passed, failed, skipped, took, note }] of Object.entries(results)) {
    const counts = passed + skipped > 0 ? ` (${passed} passed, ${failed} failed)` : "";
    const verdict = `${failed > 0 ? "FAILED" : "ok"}${counts}${note && `, ${note}`}`;
    console.log(`${name.padEnd(10)}${took.padStart(8)}  ${verdict}`);
  }
  const { passed, failed, skipped } = sum(results);
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
}

await main(async () => {
  onSignal(endOn);
  const results = {};
  for (const name of chosen()) results[name] = await runStep(name, results);
  print(results);
  const { failed, passed } = sum(results);
  return failed > 0 || passed === 0 ? 1 : 0;
});
