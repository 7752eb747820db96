/** Reads the reports of the test runners and prints the summary of a run. */
import { readFileSync } from "node:fs";
import { relative } from "node:path";

/**
 * The counts and times in Vitest's report. Tests of the other part, by their tag, are not counted.
 */
export function fromVitest(file, { of, isLong = false }) {
  const tests = (read(file).testResults ?? []).flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ tags }) => tags.includes("long") === isLong)
      .map(({ status, duration = 0, fullName }) => ({
        status,
        test: { of, ms: duration, name: `${relative(".", name)}: ${fullName}` },
      })),
  );
  const count = (status) => tests.filter((one) => one.status === status).length;
  const [passed, failed] = [count("passed"), count("failed")];
  return {
    passed,
    failed,
    skipped: tests.length - passed - failed,
    tests: tests.map(({ test }) => test),
  };
}

/** The counts and times in Playwright's report. A test that passed only on retry counts as failed. */
export function fromPlaywright(file, { of }) {
  const { stats = {}, suites = [] } = read(file);
  const tests = suites.flatMap(specsOf).flatMap(({ file, title, tests }) =>
    tests.map(({ projectName, results }) => ({
      of,
      ms: results.reduce((sum, { duration }) => sum + duration, 0),
      name: `e2e/${file}: ${title} [${projectName}]`,
    })),
  );
  const { expected = 0, unexpected = 0, flaky = 0, skipped = 0 } = stats;
  return { passed: expected, failed: unexpected + flaky, skipped, tests };
}

const specsOf = ({ suites = [], specs = [] }) => [...specs, ...suites.flatMap(specsOf)];

function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {}; // The runner wrote no report, and its exit code is the failure.
  }
}

export function sum(results) {
  const total = (what) => results.reduce((sum, result) => sum + (result[what] ?? 0), 0);
  return {
    passed: total("passed"),
    failed: total("failed"),
    skipped: total("skipped"),
    tests: results.flatMap(({ tests = [] }) => tests),
  };
}

const inSeconds = (ms) => `${(ms / 1000).toFixed(1)} s`.padStart(8);

/** Prints the slowest tests, one line per step, the cost of the run, and the counts as the last line. */
export function printSummary(results, { took, processorSeconds }) {
  const { passed, failed, skipped, tests } = sum(Object.values(results));
  const slowest = tests.sort((a, b) => b.ms - a.ms).slice(0, 10);
  if (slowest.length > 0) console.log("\nThe slowest tests:");
  for (const { of, ms, name } of slowest) console.log(`${inSeconds(ms)}  ${of}  ${oneLine(name)}`);
  console.log("");
  for (const [name, result] of Object.entries(results)) {
    const { passed = 0, failed = 0, skipped = 0, took, note } = result;
    const counts = passed + skipped > 0 ? ` (${passed} passed, ${failed} failed)` : "";
    const verdict = `${failed > 0 ? "FAILED" : "ok"}${counts}${note ? `, ${note}` : ""}`;
    console.log(`${name.padEnd(14)}${took.padStart(9)}  ${verdict}`);
  }
  const cost = processorSeconds
    ? `, ${processorSeconds.toFixed(0)} CPU seconds (user and system, of everything it started)`
    : "";
  console.log(`Took ${took}${cost}`);
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
}

const oneLine = (text) => text.replaceAll(/\s+/g, " ").slice(0, 140);
