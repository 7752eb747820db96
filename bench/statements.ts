import { readFileSync, statSync } from "node:fs";

/** A statement as Postgres logged it, and what it is for. */
export interface Statement {
  readonly sql: string;
  readonly kind: "work" | "limit" | "transaction" | "background";
  /** Parsed once for a connection, not each time it runs. */
  readonly prepared: boolean;
  readonly pid: number;
}

export const sizeOf = (log: string) => statSync(log).size;

const entry = /^\S+ \S+ \S+ \[(\d+)\] LOG: {2}(?:statement|execute (\S+)): (.*(?:\n\t.*)*)$/gm;

/** The statements in Postgres's log, from a position on. */
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
  // The courier and the purge run beside requests, in turns of their own.
  if (/^with due as|^update "outbox"|ctid = any/.test(sql)) return "background";
  return "work";
}
