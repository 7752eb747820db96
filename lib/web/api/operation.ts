import type { z } from "zod";
import type { Env } from "@/lib/core/env";
import type { Flow } from "@/lib/runtime/flow";

type Method = "GET" | "POST" | "PUT" | "DELETE";

/** What one method of one path does, as data: routing and the OpenAPI document derive from it. */
interface Operation<Out> {
  readonly method: Method;
  /** `{name}` stands for one segment, which is the operation's whole input. */
  readonly path: `/api/${string}`;
  readonly operationId: string;
  readonly summary: string;
  /** Its schema is the operation's input. */
  readonly flow: OneFlow<Out> | FlowByField<Out>;
  readonly status: 200 | 201 | 202 | 204;
  /** The response; the schema is strict, so that no other field of the value is disclosed. */
  readonly output?: {
    readonly schema: z.ZodType;
    readonly from: (value: Out, env: Env) => unknown;
  };
}

/** The flow of the first of these fields that the body has; else the other one. */
interface FlowByField<Out> {
  readonly byField: Readonly<Record<string, OneFlow<Out>>>;
  readonly otherwise: OneFlow<Out>;
}

// A flow checks its own input against its schema.
// oxlint-disable-next-line typescript/no-explicit-any
type OneFlow<Out> = Flow<any, Out, any>;

// Operations of every value in one list: parameters make them incomparable.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyOperation = Operation<any>;

/** Describes an operation; what its output is made from follows from the flow. */
export const operation = <Out>(described: Operation<Out>): AnyOperation => described;

type AnyFlow = OneFlow<unknown>;

/** The flow that an operation runs for this body. */
export function flowFor({ flow }: AnyOperation, body: unknown): AnyFlow {
  if (!("byField" in flow)) return flow;
  const isSent = (field: string) => typeof body === "object" && body !== null && field in body;
  const [, chosen] = Object.entries(flow.byField).find(([field]) => isSent(field)) ?? [];
  return chosen ?? flow.otherwise;
}

/** Every flow that an operation may run. */
export const flowsOf = ({ flow }: AnyOperation): AnyFlow[] =>
  "byField" in flow ? [flow.otherwise, ...Object.values(flow.byField)] : [flow];
