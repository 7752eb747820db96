/**
 * How much of a table a test tries. `npm test` tries a part, chosen so that every row and every
 * column comes up; the long part tries all.
 */
export interface Extent {
  /** For the test's title. */
  readonly extent: string;
  readonly details: { readonly tag?: string };
  readonly isWhole: boolean;
  /** Rows with columns: each row with as many columns as are asked for, and each column somewhere. */
  pairs<R, C>(rows: readonly R[], columns: readonly C[], perRow?: number): (readonly [R, C])[];
  /** The first of a list. */
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
