/** What the database, its driver or the network said. `code` is a SQLSTATE or an error code of Node. */
export interface DatabaseCause {
  readonly code: string | undefined;
  readonly reason: string;
}

/**
 * The cause of an error that reached us through query builder and driver: the innermost error with a
 * code, or the innermost one. For the log, which says why the database is unavailable.
 */
export function databaseCauseOf(error: unknown): DatabaseCause {
  let found: DatabaseCause = { code: undefined, reason: textOf(error) };
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    // A host with several addresses fails with one error for each.
    const [first] = cause instanceof AggregateError ? (cause.errors as unknown[]) : [];
    const code = codeOf(cause) ?? codeOf(first);
    if (code || !found.code)
      found = { code, reason: textOf(cause.message ? cause : (first ?? cause)) };
  }
  return found;
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error instanceof Error ? error : {}) as { code?: unknown };
  return typeof code === "string" && code !== "" ? code : undefined;
}

const textOf = (error: unknown) =>
  error instanceof Error ? error.message || error.name : String(error);
