import type { Row } from "./report";

const columns: [title: string, cell: (row: Row) => string][] = [
  ["", ({ work }) => work],
  ["", ({ figure }) => figure],
  ["Latchkey", ({ latchkey }) => short(latchkey)],
  ["bare Next", ({ next }) => short(next)],
  ["bare Node", ({ node }) => short(node)],
  ["× Next", ({ timesNext }) => short(timesNext)],
  ["× Node", ({ timesNode }) => short(timesNode)],
  ["goal", ({ goal = "" }) => goal],
  ["", ({ met }) => (met === undefined ? "" : met ? "met" : "missed")],
];
const textColumns = new Set([0, 1, 7, 8]);

/** The findings as text: text columns aligned left, figures right. */
export function tableOf(machine: Readonly<Record<string, unknown>>, rows: readonly Row[]): string {
  const cells = [
    columns.map(([title]) => title),
    ...rows.map((row, at) => {
      const [work, ...rest] = columns.map(([, cell]) => cell(row));
      // A kind of work is named only in its first row.
      return [rows[at - 1]?.work === work ? "" : work!, ...rest];
    }),
  ];
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => row[at]!.length)));
  const rowLines = cells.map((row) =>
    row
      .map((cell, at) =>
        textColumns.has(at) ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!),
      )
      .join("  ")
      .trimEnd(),
  );
  const facts = Object.entries(machine).map(([name, value]) => `${name} ${String(value)}`);
  return [facts.join(" · "), "", ...rowLines].join("\n");
}

/** Three significant digits, as measurements are not more precise. */
function short(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "";
  return Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
