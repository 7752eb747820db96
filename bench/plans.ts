import { readFileSync } from "node:fs";
import postgres from "postgres";
import { sizeOf } from "./statements";
import type { Stage } from "./postgres";

/** A statement as Postgres ran it: the plan that it chose for these parameters, with what it read. */
export interface RunPlan {
  readonly text: string;
  readonly root: PlanNode;
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Index Cond"?: string;
  readonly "Actual Rows"?: number;
  readonly "Actual Loops"?: number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Shared Hit Blocks"?: number;
  readonly "Shared Read Blocks"?: number;
  readonly Plans?: readonly PlanNode[];
}

/**
 * Logs the plan of every statement of new connections, those of foreign keys included, or none. The plans
 * come from the server's own statements as they run, so none can be missed or differ from the real one.
 */
export async function logPlans({ databaseUrl }: Stage, on: boolean): Promise<void> {
  const settings: [name: string, value: string][] = [
    ["session_preload_libraries", "auto_explain"],
    ["auto_explain.log_min_duration", "0"],
    ["auto_explain.log_format", "json"],
    ["auto_explain.log_analyze", "on"],
    ["auto_explain.log_buffers", "on"],
    ["auto_explain.log_timing", "off"],
    ["auto_explain.log_nested_statements", "on"],
  ];
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  for (const [name, value] of settings)
    await sql.unsafe(`alter database bench ${on ? `set ${name} = '${value}'` : `reset ${name}`}`);
  await sql.end();
}

const entry = /LOG: {2}duration: \S+ ms {2}plan:\n((?:\t.*\n)+)/g;

/** The plans of the statements that ran during an act. */
export async function plansDuring({ log }: Stage, act: () => Promise<unknown>): Promise<RunPlan[]> {
  const from = sizeOf(log);
  await act();
  const text = readFileSync(log).subarray(from).toString("utf8");
  return [...text.matchAll(entry)].map(([, json]) => {
    const plan = JSON.parse(json!) as { "Query Text": string; Plan: PlanNode };
    return { text: plan["Query Text"].replace(/\s+/g, " ").trim(), root: plan.Plan };
  });
}

const nodesOf = (node: PlanNode): PlanNode[] => [
  node,
  ...(node.Plans ?? []).flatMap((part) => nodesOf(part)),
];

/** The pages that a statement read, in memory or not. */
export const pagesOf = ({ root }: RunPlan) =>
  (root["Shared Hit Blocks"] ?? 0) + (root["Shared Read Blocks"] ?? 0);

export const indexesOf = ({ root }: RunPlan) =>
  nodesOf(root).flatMap((node) => node["Index Name"] ?? []);

/** More rows than any statement has a reason to read: a batch of the purge, or the sample of its guard. */
const manyRows = 15_000;

/** Why a plan's cost would grow with these tables. */
export function growingPartsOf({ text, root }: RunPlan, tables: ReadonlySet<string>): string[] {
  return nodesOf(root).flatMap((node) => {
    const table = node["Relation Name"];
    if (!table || !tables.has(table)) return [];
    const read = (node["Actual Rows"] ?? 0) + (node["Rows Removed by Filter"] ?? 0);
    const rows = read * (node["Actual Loops"] ?? 1);
    if (node["Node Type"] === "Seq Scan") return [`reads all of ${table}: ${text}`];
    if (rows > manyRows) return [`reads ${rows} rows of ${table}: ${text}`];
    return [];
  });
}
