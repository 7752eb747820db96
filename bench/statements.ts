import { readFileSync, statSync } from "node:fs";

/** A statement in the log of Postgres, and its kind. */
export interface Statement {
  readonly sql: string;
  readonly kind: "work" | "limit" | "transaction" | "background";
  /** Parsed once per connection instead of every time. */
  readonly prepared: boolean;
  readonly pid: number;
}

export const sizeOf = (log: string) => statSync(log).size;

const entry = /^\S+ \S+ \S+ \[(\d+)\] LOG: {2}(?:statement|execute (\S+)): (.*(?:\n\t.*)*)$/gm;

/** The statements in the log of Postgres, from a position on. */
export function statementsIn(log: string, from: number): Statement[] {
  const text = readFileSync(log).subarray(from).toString("utf8");
  return [...text.matchAll(entry)].map(([, pid, name = "<unnamed>", sql = ""]) => ({
    sql: sql.replace(/\s+/g, " ").trim(),
    kind: kindOf(sql),
    prepared: name !== "<unnamed>",
    pid: Number(pid),
  }));
}

function kindOf(sql: string): Statement["kind"] {
  if (/^(begin|commit|rollback|savepoint)\b/i.test(sql)) return "transaction";
  if (/"limits"/.test(sql)) return "limit";
  // The courier and the purge run independently of requests.
  if (/^with due as|^update "outbox"|ctid = any/.test(sql)) return "background";
  return "work";
}
