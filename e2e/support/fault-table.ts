import { readFileSync, writeFileSync } from "node:fs";

const file = "docs/faults.md";

/** The cells of a fault by method, as docs/faults.md has them; null where it does not have the fault. */
export function documentedRow(fault: string, methods: readonly string[]) {
  const entry = readRows().find((one) => cellsOf(one)[0] === fault);
  if (!entry) return null;
  const cells = cellsOf(entry).slice(1);
  return Object.fromEntries(methods.map((method, at) => [method, cells[at] ?? ""]));
}

/** The faults of the table, in its order. */
export function documentedFaults(): string[] {
  const all = readRows();
  const head = all.findIndex((entry) => cellsOf(entry)[0] === "fault");
  const end = all.findIndex((entry, at) => at > head && !entry.startsWith("|"));
  return all.slice(head + 2, end).map((entry) => cellsOf(entry)[0]!);
}

/** Writes a fault's row, in the order of `faults`. `npm run format` aligns it. */
export function documentRow(fault: string, results: object, faults: readonly string[]): void {
  const all = readRows();
  const head = all.findIndex((entry) => cellsOf(entry)[0] === "fault");
  const end = all.findIndex((entry, at) => at > head && !entry.startsWith("|"));
  const rows = new Map(all.slice(head + 2, end).map((entry) => [cellsOf(entry)[0]!, entry]));
  rows.set(fault, `| ${[fault, ...Object.values(results)].join(" | ")} |`);
  const ordered = faults.flatMap((name) => rows.get(name) ?? []);
  writeFileSync(file, [...all.slice(0, head + 2), ...ordered, ...all.slice(end)].join("\n"));
}

const readRows = () => readFileSync(file, "utf8").split("\n");

const cellsOf = (entry: string) =>
  entry
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
