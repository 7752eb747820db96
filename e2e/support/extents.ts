/**
 * How much of a table a test tries. `npm test` tries a part that covers every row and every column.
 * The long part tries all pairs.
 */
export interface Extent {
  /** Part of the test's title. */
  readonly extent: string;
  readonly details: { readonly tag?: string };
  readonly isWhole: boolean;
  /** Pairs of rows and columns: at least `perRow` columns for each row, and each column at least once. */
  pairs<R, C>(rows: readonly R[], columns: readonly C[], perRow?: number): (readonly [R, C])[];
  /** The first `count` items, or all of them. */
  first<T>(count: number, all: readonly T[]): readonly T[];
}

export const extents: readonly Extent[] = [
  {
    extent: "in part",
    details: {},
    isWhole: false,
    pairs(rows, columns, perRow = 1) {
      const each = Math.min(
        Math.max(perRow, Math.ceil(columns.length / rows.length)),
        columns.length,
      );
      return rows.flatMap((row, at) =>
        Array.from({ length: each }, (_, n) => {
          return [row, columns[(at * each + n) % columns.length]!] as const;
        }),
      );
    },
    first: (count, all) => all.slice(0, count),
  },
  {
    extent: "as a whole",
    details: { tag: "@long" },
    isWhole: true,
    pairs: (rows, columns) =>
      rows.flatMap((row) => columns.map((column) => [row, column] as const)),
    first: (_, all) => all,
  },
];
