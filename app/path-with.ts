/** The parameters of a page, as Next reads them. */
export type Query = Record<string, string | string[] | undefined>;

/** A path with the parameters that have one value. */
export function pathWith(path: string, parameters: Query): string {
  const query = new URLSearchParams(
    Object.entries(parameters).filter((one): one is [string, string] => typeof one[1] === "string"),
  );
  return query.size > 0 ? `${path}?${query}` : path;
}
