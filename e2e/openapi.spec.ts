import { readFileSync, rmSync } from "node:fs";
import { test as withoutServer } from "@playwright/test";
import { z } from "zod";
import type { Client } from "./support/client";
import { FaultProxy } from "./support/fault-proxy";
import type { Answer } from "./support/http";
import type { SignInLetter } from "./support/inbox";
import { Server } from "./support/server";
import { expect, test as base } from "./support/test";

/** The document of the API, replayed: what it promises of each operation is what comes. */

const test = base.extend<object, { wire: FaultProxy; server: Server }>({
  wire: [
    async ({ database }, use) => {
      const wire = await FaultProxy.before(database.url);
      await use(wire);
      await wire.close();
    },
    { scope: "worker" },
  ],
  server: [
    async ({ wire }, use) => {
      const server = await Server.start({ databaseUrl: wire.url });
      await use(server);
      wire.restore();
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    },
    { scope: "worker", timeout: 60_000 },
  ],
});

type JsonSchema = Exclude<Parameters<typeof z.fromJSONSchema>[0], boolean>;
interface Described {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}
type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

const document = JSON.parse(readFileSync("docs/openapi.json", "utf8")) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: { readonly Problem: JsonSchema } };
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods)
    .filter(([method]) => method !== "parameters")
    .map(([method, described]) => ({ path, method: method.toUpperCase(), ...described })),
);
type Operation = (typeof operations)[number];

const problemShape = z.fromJSONSchema(document.components.schemas.Problem);

const password = "four unrelated words here";

/** Ada, signed in by her password, with a mail of each kind, and about to sign up once more. */
interface Scene {
  readonly ada: Client;
  readonly email: string;
  readonly letter: SignInLetter;
  readonly reset: SignInLetter;
  readonly proof: SignInLetter;
  readonly second: { readonly email: string; readonly code: string };
  readonly id: string;
}

/** What is sent where the document asks for a body; several where there are several ways. */
const bodies: Record<string, ((scene: Scene) => Record<string, unknown>)[]> = {
  askForLink: [() => ({ email: "leo@example.com", keep: true, next: "/account" })],
  showWaiting: [],
  previewLink: [({ letter: { token } }) => ({ token })],
  cancelLink: [({ letter: { token }, email: username }) => ({ token, username })],
  signIn: [
    ({ letter: { token }, email: username }) => ({ token, username }),
    ({ letter: { code }, email }) => ({ email, code }),
    ({ email }) => ({ email, password, keep: true, next: "/account" }),
  ],
  signUp: [() => ({ email: "leo@example.com", password, keep: true, next: "/account" })],
  resendCode: [({ second: { email } }) => ({ email })],
  verifyCode: [({ second }) => second],
  askForReset: [({ email }) => ({ email })],
  previewReset: [({ reset: { token } }) => ({ token })],
  redeemReset: [
    ({ reset: { token }, email: username }) => ({ token, username, password: `${password} too` }),
    ({ reset: { code }, email }) => ({ email, code, password: `${password} too` }),
  ],
  showPassword: [],
  choosePassword: [() => ({ password: `${password} too`, again: `${password} too` })],
  dropPassword: [],
  askForProof: [() => ({})],
  prove: [
    () => ({ password }),
    ({ proof: { token } }) => ({ token }),
    ({ proof: { code } }) => ({ code }),
  ],
  showSessions: [],
  endOtherSessions: [],
  endOneSession: [],
  showSession: [],
  endSession: [],
  showAuthProviders: [],
};

withoutServer("every operation is replayed @once", () => {
  expect(Object.keys(bodies).sort()).toEqual(
    operations.map(({ operationId }) => operationId).sort(),
  );
});

/** Each operation with each body it takes, or without one. */
const calls: { operation: Operation; body?: (scene: Scene) => Record<string, unknown> }[] =
  operations.flatMap((operation) => {
    const ways = bodies[operation.operationId] ?? [];
    return ways.length > 0 ? ways.map((body) => ({ operation, body })) : [{ operation }];
  });

function send({ path, method }: Operation, { ada, id }: Scene, body?: unknown, type = json) {
  const to = path.replace("{id}", id);
  if (body === undefined) return ada.send(to, { method });
  const text = typeof body === "string" ? body : JSON.stringify(body);
  // A DELETE does not say by itself that a body follows.
  const headers = { "content-type": type, "content-length": Buffer.byteLength(text) };
  return ada.send(to, { method, body: text, headers });
}

const json = "application/json";

function expectProblem({ status, headers, body }: Answer, what: string) {
  expect(headers["content-type"], what).toBe("application/problem+json");
  const problem = JSON.parse(body) as { status: number; retryAfter?: number };
  expect(problemShape.safeParse(problem).error, what).toBeUndefined();
  expect(problem.status, what).toBe(status);
  expect(headers["retry-after"], what).toBe(problem.retryAfter && String(problem.retryAfter));
}

test("what is asked rightly is answered as it is documented; wrongly, with a problem @once", async ({
  newClient,
  inbox,
  db,
  newAddress,
  wire,
}) => {
  test.setTimeout(150_000);
  const newScene = async (): Promise<Scene> => {
    await db.clearLimits();
    const [ada, email, other] = [newClient(), newAddress("ada"), newAddress("second")];
    await ada.join(email, password, inbox);
    await ada.askForLink(email);
    const letter = await inbox.letterTo(email);
    await db.clearLimits();
    await ada.json("/api/v1/password-resets", { email });
    const reset = await inbox.letterTo(email);
    await ada.json("/api/v1/session/proofs/requests", {});
    const proof = await inbox.letterTo(email);
    await ada.json("/api/v1/sign-ups", { email: other, password });
    const second = { email: other, code: await inbox.codeTo(other) };
    const [session] = await db.sessionsOf(email);
    return { ada, email, letter, reset, proof, second, id: session!.id };
  };

  for (const { operation, body } of calls) {
    const { operationId: what, method, requestBody, responses } = operation;
    const scene = await newScene();
    const sent = body?.(scene);
    const asked = requestBody && z.fromJSONSchema(requestBody.content[json]!.schema);
    expect(asked !== undefined, `${what} takes a body`).toBe(sent !== undefined);

    for (const wrong of malformed(sent)) {
      await db.clearLimits();
      expect(asked?.safeParse(wrong).success, `${what} ${JSON.stringify(wrong)}`).not.toBe(true);
      const answer = await send(operation, scene, wrong);
      expect(answer.status, `${what} ${JSON.stringify(wrong)}`).toBe(400);
      expectProblem(answer, what);
    }
    if (method !== "GET" && what !== "endOneSession") {
      expectProblem(await send(operation, scene, "{"), what);
      expectProblem(await send(operation, scene, "a=b", "text/plain"), what);
    }
    if (what === "endOneSession")
      for (const id of ["x", "00000000-0000-4000-8000-000000000000", "%00"])
        expectProblem(await send(operation, { ...scene, id }), what);
    const stranger = { ...scene, ada: newClient() };
    const refused = await send(operation, stranger, sent && {});
    if (what !== "showSession") expectProblem(refused, what);

    wire.cut();
    const away = await send(operation, scene, sent);
    wire.restore();
    expect(away.status, what).toBe(503);
    expectProblem(away, what);

    await expect.poll(async () => (await scene.ada.get("/api/v1/session")).status).toBe(200);
    await db.clearLimits();
    const answer = await send(operation, scene, sent);
    const [status] = Object.keys(responses).filter((name) => name !== "default");
    expect(answer.status, `${what}: ${answer.body}`).toBe(Number(status));
    const content = responses[status!]?.content;
    expect(asked?.safeParse(sent).error, what).toBeUndefined();
    if (!content) expect(answer.body, what).toBe("");
    else {
      expect(answer.headers["content-type"], what).toBe(json);
      const said = z.fromJSONSchema(content[json]!.schema).safeParse(JSON.parse(answer.body));
      expect(said.error, `${what}: ${answer.body}`).toBeUndefined();
    }
  }
});

/** A body with one thing wrong with it: none at all, a field too many, too few, of another kind. */
function malformed(body: Record<string, unknown> | undefined): unknown[] {
  if (!body) return [];
  const fields = Object.keys(body).map((name) => ({ ...body, [name]: 42 }));
  const empty = fields.length > 0 ? [{}] : [];
  return [null, [], '"text"', 42, ...empty, { ...body, role: "admin" }, ...fields];
}
