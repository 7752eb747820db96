import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import type axe from "axe-core";

const source = readFileSync("node_modules/axe-core/axe.min.js", "utf8");
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** The faults that axe finds in a page, one string for each element. */
export async function axeFindings(page: Page): Promise<string[]> {
  // The debugger evaluates it, because the page's content security policy forbids other scripts.
  // One document may be checked in several themes, and needs the script once.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(source);
  const violations = await page.evaluate(async (tags) => {
    const { axe: loaded } = globalThis as unknown as { axe: typeof axe };
    return (await loaded.run({ runOnly: tags, resultTypes: ["violations"] })).violations;
  }, tags);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) => `${id}: ${help} at ${String(target)}: ${failureSummary}`,
    ),
  );
}
