import type { z } from "zod";
import type { Flow } from "@/lib/runtime/flow";
import type { Result } from "@/lib/core/result";
import type { OAuthRequest } from "../oauth-request";

type Method = "GET" | "POST" | "PUT" | "DELETE";

/** What one method of one path does, as data: routing and the OpenAPI document derive from it. */
interface Operation<Out, Final = Out> {
  readonly method: Method;
  /** `{name}` stands for one segment, which is the operation's whole input. */
  readonly path: `/api/${string}`;
  readonly operationId: string;
  readonly summary: string;
  /** Its schema is the operation's input. */
  readonly flow: OneFlow<Out> | FlowByField<Out>;
  readonly status: 200 | 201 | 202 | 204;
  /** What the response needs beyond the flow's value. */
  readonly followUp?: (value: Out, request: OAuthRequest) => Promise<Result<Final>>;
  /** The response; the schema is strict, so that no other field of the value is disclosed. */
  readonly output?: { readonly schema: z.ZodType; readonly from: (value: Final) => unknown };
}

/** The flow of the first of these fields that the body has; else the other one. */
interface FlowByField<Out> {
  readonly byField: Readonly<Record<string, OneFlow<Out>>>;
  readonly otherwise: OneFlow<Out>;
}

// A flow checks its own input against its schema.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type OneFlow<Out> = Flow<any, Out, any>;

// Operations of every value in one list: parameters make them incomparable.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyOperation = Operation<any, any>;

/** Defines an operation. The flow determines the type that `followUp` and `output` receive. */
export const operation = <Out, Final = Out>(described: Operation<Out, Final>): AnyOperation =>
  described;

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
