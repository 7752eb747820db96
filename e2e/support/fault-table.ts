import { readFileSync, writeFileSync } from "node:fs";

const file = "docs/faults.md";

/** The cells of a fault by method, as docs/faults.md has them; null where it does not have the fault. */
export function documentedRow(fault: string, methods: readonly string[]) {
  const line = lines().find((one) => cellsOf(one)[0] === fault);
  if (!line) return null;
  const cells = cellsOf(line).slice(1);
  return Object.fromEntries(methods.map((method, at) => [method, cells[at] ?? ""]));
}

/** The faults of the table, in its order. */
export function documentedFaults(): string[] {
  const all = lines();
  const head = all.findIndex((line) => cellsOf(line)[0] === "fault");
  const end = all.findIndex((line, at) => at > head && !line.startsWith("|"));
  return all.slice(head + 2, end).map((line) => cellsOf(line)[0]!);
}

/** Writes a fault's row, in the order of `faults`. `npm run format` aligns it. */
export function documentRow(fault: string, results: object, faults: readonly string[]): void {
  const all = lines();
  const head = all.findIndex((line) => cellsOf(line)[0] === "fault");
  const end = all.findIndex((line, at) => at > head && !line.startsWith("|"));
  const rows = new Map(all.slice(head + 2, end).map((line) => [cellsOf(line)[0]!, line]));
  rows.set(fault, `| ${[fault, ...Object.values(results)].join(" | ")} |`);
  const ordered = faults.flatMap((name) => rows.get(name) ?? []);
  writeFileSync(file, [...all.slice(0, head + 2), ...ordered, ...all.slice(end)].join("\n"));
}

const lines = () => readFileSync(file, "utf8").split("\n");

const cellsOf = (line: string) =>
  line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
