import { z } from "zod";
import { oauthMethods } from "@/lib/methods";
import { provider } from "@/lib/runtime/fields";
import { refusalCodes } from "@/lib/core/result";
import { type AnyOperation, flowsOf } from "./operation";
import { operations } from "./operations";

/** What a client may send: the schema's input, before any transformation. */
const inputSchema = ({ input }: { input: z.ZodType }) =>
  withoutDialect(z.toJSONSchema(input, { io: "input", override: nameProviders }));

/** The schema of a provider's id is a text, with a check that JSON Schema cannot show. */
function nameProviders({ zodSchema, jsonSchema }: { zodSchema: unknown; jsonSchema: object }) {
  if (zodSchema === provider) Object.assign(jsonSchema, { enum: providerIds() });
}

const providerIds = () => oauthMethods().map(({ id }) => id);

const withoutDialect = ({ $schema, ...schema }: z.core.JSONSchema.BaseSchema) => schema;

const problem = {
  description: "A problem: an expected error, or an internal one.",
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
};

function describe(operation: AnyOperation) {
  const { method, operationId, summary, status, output } = operation;
  const inputs = flowsOf(operation).map(inputSchema);
  const schema = inputs.length > 1 ? { oneOf: inputs } : inputs[0];
  const hasBody = method === "POST" || method === "PUT";
  const response = output && {
    content: { "application/json": { schema: withoutDialect(z.toJSONSchema(output.schema)) } },
  };
  return {
    operationId,
    summary,
    ...(hasBody && {
      requestBody: { required: true, content: { "application/json": { schema } } },
    }),
    responses: { [status]: { description: "Success.", ...response }, default: problem },
  };
}

const parameterSchemas = (): Record<string, object> => ({
  id: { type: "string", format: "uuid" },
  after: { type: "string", format: "uuid" },
  before: { type: "string", pattern: "^[1-9]\\d{0,14}$" },
  provider: { enum: providerIds() },
});

function parametersOf(path: string) {
  const [, name] = /\{(\w+)\}/.exec(path) ?? [];
  return (
    name && { parameters: [{ name, in: "path", required: true, schema: parameterSchemas()[name] }] }
  );
}

function paths() {
  const described: Record<string, object> = {};
  for (const operation of operations) {
    const { path, method } = operation;
    described[path] = {
      ...(described[path] ?? parametersOf(path)),
      [method.toLowerCase()]: describe(operation),
    };
  }
  return described;
}

const text = { schema: { type: "string" } };
const identity = {
  "Remote-User": { description: "The user's id; empty for nobody.", ...text },
  "Remote-Email": { description: "The user's email address; empty for nobody.", ...text },
};
const signIn = { Location: { description: "Where to sign in, with a return path.", ...text } };
const retryAfter = { "Retry-After": { schema: { type: "integer" } } };
const checked = (description: string, headers = {}) => ({
  description,
  headers: { ...identity, ...headers },
});

/** The session check, which is no operation of the JSON API: it responds by status and headers. */
const check = {
  operationId: "checkSession",
  summary: "Check the session of this browser, for reverse proxies and other back ends.",
  parameters: [
    {
      name: "answer",
      in: "query",
      description: "`status`: 401 instead of a redirect, with its Location.",
      schema: { enum: ["status"] },
    },
  ],
  responses: {
    204: checked("Signed in."),
    302: checked("Nobody is signed in, and a browser opens a page.", signIn),
    401: checked("Nobody is signed in.", signIn),
    403: checked("The visited URL is of no origin in `APP_ORIGINS`, or cannot be read."),
    503: checked("The database is unavailable.", retryAfter),
  },
};

/** The API as an OpenAPI 3.1 document, derived from its operations, their schemas and the error codes. */
export function openapiDocument() {
  return {
    openapi: "3.1.0",
    info: { title: "Latchkey", version: "1" },
    paths: { ...paths(), "/check": { get: check } },
    components: {
      schemas: {
        Problem: {
          type: "object",
          required: ["type", "code", "status", "title", "requestId"],
          properties: {
            type: { type: "string", format: "uri" },
            code: { enum: [...refusalCodes, "internal_error"] },
            status: { type: "integer" },
            title: { type: "string" },
            field: { type: "string" },
            retryAfter: { type: "integer", description: "Seconds." },
            requestId: { type: "string", format: "uuid" },
          },
          additionalProperties: false,
        },
      },
    },
  };
}
