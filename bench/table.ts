import type { Row } from "./report";
import type { AdversityRow } from "./adversity";
import type { RivalRow } from "./rivals-report";

/** A column, of figures unless it says text. */
export type Column<R> = readonly [title: string, cell: (row: R) => string, kind?: "text"];

export const columns: readonly Column<Row>[] = [
  ["", ({ work }) => work, "text"],
  ["", ({ figure }) => figure, "text"],
  ["Latchkey", ({ latchkey }) => short(latchkey)],
  ["bare Next", ({ next }) => short(next)],
  ["bare Node", ({ node }) => short(node)],
  ["× Next", ({ timesNext }) => short(timesNext)],
  ["× Node", ({ timesNode }) => short(timesNode)],
  ...goalColumns(),
];

export const rivalColumns: readonly Column<RivalRow>[] = [
  ["", ({ work }) => work, "text"],
  ["", ({ figure }) => figure, "text"],
  ["bare Node", ({ values }) => short(values.node)],
  ["bare Next", ({ values }) => short(values.next)],
  ["Latchkey", ({ values }) => short(values.latchkey)],
  ["better-auth", ({ values }) => short(values.betterAuth)],
  ["Auth.js", ({ values }) => short(values.authjs)],
  ...goalColumns(),
];

export const adversityColumns: readonly Column<AdversityRow>[] = [
  ["", ({ work }) => work, "text"],
  ["", ({ figure }) => figure, "text"],
  ["without", ({ without }) => short(without)],
  ["under it", ({ under }) => short(under)],
  ["× without", ({ times }) => short(times)],
];

function goalColumns(): Column<Pick<Row, "goal" | "met">>[] {
  return [
    ["goal", ({ goal = "" }) => goal, "text"],
    ["", ({ met }) => (met === undefined ? "" : met ? "met" : "missed"), "text"],
  ];
}

/** The findings as text: text columns aligned left, figures right. */
export function tableOf<R extends { readonly work: string }>(
  machine: Readonly<Record<string, unknown>>,
  rows: readonly R[],
  columns: readonly Column<R>[],
): string {
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
        columns[at]![2] === "text" ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!),
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
