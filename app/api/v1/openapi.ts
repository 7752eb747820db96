import { z } from "zod";
import { oauthProviderIds } from "@/lib/core/oauth-providers";
import { refusalCodes } from "@/lib/core/result";
import * as operations from "./operations";

type Method = "get" | "post" | "put" | "delete";
type OperationName = keyof typeof operations;

/** Which operation answers where; a test walks the routes and finds no other. */
const paths: Record<string, Partial<Record<Method, [OperationName, summary: string]>>> = {
  "/api/v1/magic-links": {
    post: ["askForLink", "Ask for a sign-in mail. The answer is the same for every address."],
    get: ["showWaiting", "What this browser asked for and waits for."],
  },
  "/api/v1/magic-links/previews": {
    post: ["previewLink", "Look at a link without spending it."],
  },
  "/api/v1/magic-links/cancellations": {
    post: ["cancelLink", "Void a link and its code."],
  },
  "/api/v1/sign-ups": {
    post: ["signUp", "Sign up with a password. The answer is the same for every address."],
  },
  "/api/v1/sign-ups/resends": { post: ["resendCode", "Mail another code for your sign-up."] },
  "/api/v1/sign-ups/verifications": {
    post: ["verifyCode", "Finish signing up by the code from the mail."],
  },
  "/api/v1/password-resets": {
    post: ["askForReset", "Ask for a mail to set a new password. The same for every address."],
  },
  "/api/v1/password-resets/previews": {
    post: ["previewReset", "Look at a reset link without spending it."],
  },
  "/api/v1/password-resets/redemptions": {
    post: ["redeemReset", "Set a new password by a link's token or by the code from the mail."],
  },
  "/api/v1/password": {
    get: ["showPassword", "Whether you have a password, and what setting one would end."],
    put: ["choosePassword", "Set your password; ends all other sessions."],
    delete: ["dropPassword", "Take your password away, while another way in remains."],
  },
  "/api/v1/session/step-ups": {
    post: ["prove", "Show again that it is you: by password, or by code or link from the mail."],
  },
  "/api/v1/session/step-ups/requests": {
    post: ["askForProof", "Ask for a mail to show that it is you."],
  },
  "/api/v1/sessions": {
    post: ["signIn", "Sign in by a link's token, by the code from the mail, or by password."],
    get: ["showSessions", "The browsers you are signed in on."],
    delete: ["endOtherSessions", "Sign out everywhere else."],
  },
  "/api/v1/sessions/{id}": { delete: ["endOneSession", "Sign out one browser."] },
  "/api/v1/session": {
    get: ["showSession", "Who is signed in here; null for nobody."],
    delete: ["endSession", "Sign out here."],
  },
  "/api/v1/auth-providers": {
    get: ["showAuthProviders", "Your ways in, and when each was last used."],
  },
  "/api/v1/auth-providers/links": {
    post: ["connectAuthProvider", "Begin to connect a provider: where to send the browser."],
  },
  "/api/v1/auth-providers/{provider}": {
    delete: ["dropAuthProvider", "Disconnect a provider, while another way in remains."],
  },
};

/** Of an operation whose body decides which flow it is: one body for each. */
const bodies: readonly object[] = [{ token: "" }, { code: "" }, { password: "" }];

const inputsOf = (name: OperationName): z.ZodType[] => {
  const { flow } = operations[name];
  return typeof flow === "function"
    ? [...new Set(bodies.map((body) => flow(body).input as z.ZodType))]
    : [flow.input];
};

/** What a client may send; texts that are read into something else are described as texts. */
const asSent = (schema: z.ZodType) => plain(z.toJSONSchema(schema, { io: "input" }));
const plain = ({ $schema, ...schema }: z.core.JSONSchema.BaseSchema) => schema;

const problem = {
  description: "A refusal, or a fault of ours.",
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
};

function describe(name: OperationName, method: Method, summary: string) {
  const { status, says }: { status: number; says?: { shape: z.ZodType } | undefined } =
    operations[name];
  const inputs = inputsOf(name).map(asSent);
  const respondJson = says
    ? { content: { "application/json": { schema: plain(z.toJSONSchema(says.shape)) } } }
    : {};
  return {
    operationId: name,
    summary,
    ...((method === "post" || method === "put") && {
      requestBody: {
        required: true,
        content: {
          "application/json": { schema: inputs.length > 1 ? { oneOf: inputs } : inputs[0] },
        },
      },
    }),
    responses: { [status]: { description: "Done.", ...respondJson }, default: problem },
  };
}

const parameters: Record<string, object> = {
  id: { type: "string", format: "uuid" },
  provider: { enum: oauthProviderIds },
};

const parametersOf = (path: string) => {
  const [, name] = /\{(\w+)\}/.exec(path) ?? [];
  return name && { parameters: [{ name, in: "path", required: true, schema: parameters[name] }] };
};

/** The whole face as an OpenAPI 3.1 document, made from the schemas and the catalogue of refusals. */
export function openapiDocument() {
  return {
    openapi: "3.1.0",
    info: { title: "Latchkey", version: "1" },
    paths: Object.fromEntries(
      Object.entries(paths).map(([path, methods]) => [
        path,
        {
          ...parametersOf(path),
          ...Object.fromEntries(
            Object.entries(methods).map(([method, [name, summary]]) => [
              method,
              describe(name, method as Method, summary),
            ]),
          ),
        },
      ]),
    ),
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
