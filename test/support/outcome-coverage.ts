import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { longTag } from "../../scripts/parts.mjs";
import type { TestProject } from "vitest/node";

/**
 * After a run of all tests on a database: each outcome that a flow declares for the audit log was reached by
 * one of them. A run of some files says nothing about that.
 */
export default function setUp(project: TestProject) {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-outcomes-"));
  const file = join(folder, "reached");
  writeFileSync(file, "");
  project.provide("outcomes", file);
  return async function tearDown() {
    const reached = new Set(readFileSync(file, "utf8").split("\n"));
    rmSync(folder, { recursive: true });
    if (!(await ranWhole(project))) return;
    const { flows } = await import("@/lib/flows");
    const missing = flows.flatMap(({ name, audited }) =>
      audited
        ? ["ok", ...Object.keys(audited.refusals)]
            .map((outcome) => `${name} ${outcome}`)
            .filter((outcome) => !reached.has(outcome))
        : [],
    );
    if (missing.length === 0) return;
    // Vitest only prints what a teardown throws.
    process.exitCode = 1;
    throw new Error(`No test reaches these outcomes in the audit log:\n${missing.join("\n")}`);
  };
}

/** Whether every file of the project ran, not only the long tests or those of a name, and passed. */
async function ranWhole(project: TestProject): Promise<boolean> {
  // The files that replace a module are few, and reach what others reach, too.
  if (project.name.endsWith("-isolated")) return false;
  const { tagsFilter, testNamePattern } = project.vitest.config;
  if (testNamePattern || tagsFilter?.includes(longTag)) return false;
  const { testFiles } = await project.globTestFiles();
  const passed = project.vitest.state
    .getTestModules()
    .filter((module) => module.project.name === project.name && module.ok())
    .map(({ moduleId }) => moduleId);
  return testFiles.every((file) => passed.includes(file));
}
