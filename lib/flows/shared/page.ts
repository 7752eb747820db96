/** A page of a list. */
interface Page<T extends { readonly id: unknown }> {
  readonly page: readonly T[];
  /** The id of its last row, after which the next page begins; null where there is none. */
  readonly next: T["id"] | null;
}

/** How many rows to read for a page: one more tells whether there is a next page. */
export const rowsForPage = (size: number) => size + 1;

/** The page of what was read, which is `rowsForPage` of the size at most. */
export function pageOf<T extends { readonly id: unknown }>(
  found: readonly T[],
  size: number,
): Page<T> {
  const page = found.slice(0, size);
  return { page, next: found.length > page.length ? page.at(-1)!.id : null };
}
