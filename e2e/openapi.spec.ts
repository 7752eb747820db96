import { readFileSync, rmSync } from "node:fs";
import { z } from "zod";
import { FaultProxy } from "@/test/support/fault-proxy";
import { responses } from "@/test/support/oidc-server";
import { Client } from "./support/client";
import type { Db } from "./support/db";
import { type Extent, extents } from "./support/extents";
import type { HttpResponse } from "./support/http";
import type { Inbox, SignInLetter } from "./support/inbox";
import { keysOf, testWithProviders as test } from "./support/oidc";
import { Server } from "./support/server";
import { commandLineId } from "@/lib/store/staff-help";
import { insertAccessLink } from "./support/access-link";
import { insertSetupLink } from "./support/setup-link";
import { expect } from "./support/test";
import { callbackUrlFrom } from "./support/oauth";
import { insertDeletedUser, insertEmailChangeStop, insertEmailUndo } from "./support/undo-links";

/** Replays every operation of the OpenAPI document, and compares the responses with it. */

/** Tests on a server whose database connection can break. */
const testWithWire = test.extend<object, { wire: FaultProxy; server: Server; withoutLink: Server }>(
  {
    wire: [
      async ({ database }, use) => {
        const wire = await FaultProxy.before(database.url);
        await use(wire);
        await wire.close();
      },
      { scope: "worker" },
    ],
    server: [
      async ({ wire, oidc, build: { project } }, use) => {
        const settings = keysOf(oidc);
        const server = await Server.start({ databaseUrl: wire.url, project, settings });
        await use(server);
        wire.restore();
        await server.stop();
        rmSync(server.dataDir, { recursive: true, force: true });
      },
      { scope: "worker" },
    ],
    /** A server without links, so that Google can be the last method. It has no provider metadata yet. */
    withoutLink: [
      async ({ database, oidc, build: { project }, server: { dataDir } }, use) => {
        const settings = { ...keysOf(oidc), SIGN_IN_METHODS: "password,google,linkedin" };
        const databaseUrl = database.url;
        const withoutLink = await Server.start({ databaseUrl, dataDir, project, settings });
        await use(withoutLink);
        await withoutLink.stop();
      },
      { scope: "worker" },
    ],
  },
);

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
  // The session check responds without JSON; `lib/server/check.test.ts` is about it.
  path === "/check"
    ? []
    : Object.entries(methods)
        .filter(([method]) => method !== "parameters")
        .map(([method, described]) => ({ path, method: method.toUpperCase(), ...described })),
);
type Operation = (typeof operations)[number];

const problemShape = z.fromJSONSchema(document.components.schemas.Problem);

const password = "four unrelated words here";

/** Ada, signed in with her password, with a letter of each kind and a pending sign-up of a second address. */
interface Scene {
  readonly ada: Client;
  readonly email: string;
  readonly letter: SignInLetter;
  readonly reset: SignInLetter;
  readonly stepUp: SignInLetter;
  /** The token of the letter about a sign-in from a new device. */
  readonly report: string;
  /** The id of her sign-up in the audit log. */
  readonly event: string;
  readonly second: { readonly email: string; readonly code: string };
  readonly change: { readonly email: string; readonly code: string };
  readonly restore: { readonly token: string; readonly email: string };
  readonly undo: { readonly token: string; readonly email: string };
  readonly id: string;
  /** Whom staff can act on: one of support, somebody whose account is disabled, and a plain member. */
  readonly others: Readonly<Record<"member" | "disabled" | "plain", string>>;
  /** A member whose address staff change, and who confirms another one. */
  readonly moving: { readonly token: string; readonly code: string; readonly email: string };
  /** The id of a member whose change is scheduled, and the link that stops it. */
  readonly stopping: { readonly id: string; readonly token: string; readonly email: string };
  readonly accessLink: Awaited<ReturnType<typeof insertAccessLink>>;
  readonly setupToken: string;
  readonly pendingId: string;
  readonly invitationId: string;
}

/** For staff, of whom Ada is one then. For all others there are no such operations. */
const isForStaff = (path: string) => path.startsWith("/api/v1/admin/") && !path.includes("/setup");

const reason = "For a test";

/** The bodies to send to each operation; several where the document has several schemas. */
const bodies: Record<string, ((scene: Scene) => Record<string, unknown>)[]> = {
  requestMagicLink: [() => ({ email: "leo@example.com", remember: true, next: "/account" })],
  readPendingRequest: [],
  previewMagicLink: [({ letter: { token } }) => ({ token })],
  cancelMagicLink: [({ letter: { token }, email }) => ({ token, email })],
  signIn: [
    ({ letter: { token }, email }) => ({ token, email }),
    ({ letter: { code }, email }) => ({ email, code }),
    ({ email }) => ({ email, password, remember: true, next: "/account" }),
  ],
  requestSignUp: [() => ({ email: "leo@example.com", password, remember: true, next: "/account" })],
  resendSignUpCode: [({ second: { email } }) => ({ email })],
  verifySignUp: [({ second }) => second],
  requestPasswordReset: [({ email }) => ({ email })],
  previewPasswordReset: [({ reset: { token } }) => ({ token })],
  redeemPasswordReset: [
    ({ reset: { token }, email }) => ({ token, email, password: `${password} too` }),
    ({ reset: { code }, email }) => ({ email, code, password: `${password} too` }),
  ],
  readPasswordStatus: [],
  setPassword: [() => ({ password: `${password} too`, confirmPassword: `${password} too` })],
  removePassword: [],
  requestStepUp: [() => ({})],
  stepUp: [
    () => ({ password }),
    ({ stepUp: { token } }) => ({ token }),
    ({ stepUp: { code } }) => ({ code }),
  ],
  listActivity: [],
  listOlderActivity: [],
  exportActivity: [],
  readProfile: [],
  updateProfile: [() => ({ name: "Ada Lovelace", timeZone: "Europe/London" })],
  requestEmailChange: [() => ({ email: "new@example.com" })],
  readPendingEmailChange: [],
  verifyEmailChange: [({ change }) => change],
  previewEmailUndo: [({ undo: { token } }) => ({ token })],
  undoEmailChange: [({ undo }) => undo],
  exportAccount: [],
  deleteAccount: [({ email }) => ({ email })],
  readDeletion: [],
  previewRestore: [({ restore: { token } }) => ({ token })],
  restoreAccount: [({ restore }) => restore, () => ({})],
  reportSession: [({ event }) => ({ event })],
  listSessions: [],
  revokeOtherSessions: [],
  revokeSession: [],
  readSession: [],
  signOut: [],
  listAuthProviders: [],
  previewSignInReport: [({ report: token }) => ({ token })],
  redeemSignInReport: [({ report: token, email }) => ({ token, email })],
  readMethodsLock: [],
  unlockMethods: [],
  startLinkingProvider: [() => ({ provider: "google" })],
  unlinkProvider: [],
  previewSetup: [({ setupToken: token }) => ({ token })],
  redeemSetup: [({ setupToken: token }) => ({ token })],
  listUsers: [() => ({ search: "a", status: "active", method: "magic_link" })],
  readUser: [],
  revokeUserSessions: [({ others: { member: id } }) => ({ id, reason })],
  disableUser: [({ others: { member: id } }) => ({ id, reason })],
  enableUser: [({ others: { disabled: id } }) => ({ id, reason })],
  listPendingSignUps: [],
  listMorePendingSignUps: [],
  resendPendingSignUp: [({ pendingId: id }) => ({ id })],
  listInvitations: [],
  listMoreInvitations: [],
  sendInvitation: [({ email }) => ({ email: `new-${email}` })],
  cancelInvitation: [({ invitationId: id }) => ({ id })],
  listEmails: [],
  listMoreEmails: [() => ({})],
  requestTestEmail: [() => ({})],
  readSystem: [],
  listAuditEvents: [() => ({ event: "user.disable", outcome: "ok", from: "2020-01-01" })],
  exportAuditEvents: [({ email }) => ({ user: email })],
  issueAccessLink: [({ others: { plain: id } }) => ({ id, reason })],
  listAccessLinks: [],
  cancelAccessLink: [({ accessLink: { id, userId } }) => ({ id, userId })],
  previewAccessLink: [({ accessLink: { token } }) => ({ token })],
  redeemAccessLink: [({ accessLink: { token, email } }) => ({ token, email })],
  startStaffEmailChange: [
    ({ stopping: { id, email } }) => ({ id, reason, email: `other-${email}` }),
  ],
  cancelStaffEmailChange: [({ stopping: { id } }) => ({ id })],
  previewStaffEmailChange: [({ moving: { token } }) => ({ token })],
  confirmStaffEmailChange: [({ moving }) => moving],
  previewEmailChangeStop: [({ stopping: { token } }) => ({ token })],
  stopEmailChangeByLink: [({ stopping: { token, email } }) => ({ token, email })],
  readStaffEmailChange: [],
  stopEmailChange: [],
  changeRole: [({ others: { member: id } }) => ({ id, reason, role: "member" })],
};

test("every operation is replayed", () => {
  expect(Object.keys(bodies).sort()).toEqual(
    operations.map(({ operationId }) => operationId).sort(),
  );
});

/** Each operation with each of its bodies, or without one. */
const calls: { operation: Operation; body?: (scene: Scene) => Record<string, unknown> }[] =
  operations.flatMap((operation) => {
    const operationBodies = bodies[operation.operationId] ?? [];
    return operationBodies.length > 0
      ? operationBodies.map((body) => ({ operation, body }))
      : [{ operation }];
  });

function send(
  { path, method }: Operation,
  { ada, id, others, pendingId, invitationId }: Scene,
  body?: unknown,
  type = json,
) {
  const to = path
    .replace("{id}", isForStaff(path) ? others.member : id)
    .replace("{provider}", "linkedin")
    .replace("{before}", "1")
    .replace("{after}", path.includes("/invitations/") ? invitationId : pendingId);
  if (body === undefined) return ada.send(to, { method });
  const text = typeof body === "string" ? body : JSON.stringify(body);
  // Node sends the body of a DELETE only with an explicit length.
  const headers = { "content-type": type, "content-length": Buffer.byteLength(text) };
  return ada.send(to, { method, body: text, headers });
}

const json = "application/json";

function expectProblem({ status, headers, body }: HttpResponse, what: string) {
  expect(headers["content-type"], what).toBe("application/problem+json");
  const problem = JSON.parse(body) as { status: number; retryAfter?: number };
  expect(problemShape.safeParse(problem).error, what).toBeUndefined();
  expect(problem.status, what).toBe(status);
  expect(headers["retry-after"], what).toBe(problem.retryAfter && String(problem.retryAfter));
}

interface Replaying {
  readonly newClient: () => Client;
  readonly inbox: Inbox;
  readonly db: Db;
  readonly newAddress: (name: string) => string;
}

type Part = keyof Scene;

/** Ada, with the parts of a scene that are needed. */
async function newScene(
  { newClient, inbox, db, newAddress }: Replaying,
  isNeeded: (part: Part) => boolean = () => true,
): Promise<Scene> {
  const part = async <T>(name: Part, make: () => Promise<T>): Promise<T> =>
    isNeeded(name) ? make() : (undefined as T);
  await db.clearLimits();
  const [ada, email] = [newClient(), newAddress("ada")];
  await ada.signUpAndVerify(email, password, inbox);
  const letter = await part("letter", async () => {
    await ada.requestLink(email);
    return inbox.letterTo(email);
  });
  await db.clearLimits();
  const reset = await part("reset", async () => {
    await ada.json("/api/v1/password-resets", { email });
    return inbox.letterTo(email);
  });
  const stepUp = await part("stepUp", async () => {
    await ada.json("/api/v1/session/step-ups/requests", {});
    return inbox.letterTo(email);
  });
  const report = await part("report", async () => {
    await newClient().json("/api/v1/sessions", { email, password });
    return (await inbox.reportTo(email)).slice("/l/report/".length);
  });
  const second = await part("second", async () => {
    const other = newAddress("second");
    await ada.json("/api/v1/sign-ups", { email: other, password });
    return { email: other, code: await inbox.codeTo(other) };
  });
  const change = await part("change", async () => {
    const newEmail = newAddress("new");
    await ada.json("/api/v1/email-changes", { email: newEmail });
    return { email: newEmail, code: await inbox.codeTo(newEmail) };
  });
  const undo = await part("undo", async () => {
    const oldEmail = newAddress("old");
    const { token } = await insertEmailUndo(db, email, { oldEmail });
    return { token, email: oldEmail };
  });
  const restore = await part("restore", async () => {
    const gone = newAddress("gone");
    return { token: (await insertDeletedUser(db, gone)).token, email: gone };
  });
  const [session] = await db.sessionsOf(email);
  await db.sql`insert into auth_providers (user_id, provider, subject, address)
    select id, 'linkedin', email, email from users where email = ${email}`;
  const [signUp] = await db.sql<{ id: string }[]>`select e.id::text from audit_events e
    join users u on u.id = subject_id where event = 'sign_up.verify' and email = ${email}`;
  const event = signUp!.id;
  const people = await db.sql<{ id: string }[]>`with made as (
      insert into users (email, disabled_at, email_verified_at, role) values (${`leo-${email}`}, null, null, 'support'),
        (${`eve-${email}`}, now(), null, 'member'), (${`bob-${email}`}, null, null, 'member') returning id, email)
    , methods as (insert into auth_providers (user_id, provider) select id, 'magic_link' from made)
    select id from made order by email desc`;
  const pendingId = await part("pendingId", async () => {
    const [pending] = await db.sql<{ id: string }[]>`
      select id from verifications where identifier = ${second.email} and purpose = 'sign_up'`;
    return pending!.id;
  });
  const [invitation] = await db.sql<{ id: string }[]>`
    insert into verifications (purpose, identifier, token_digest, code_hash,
      requesting_browser_digest, browser, is_decoy, from_known_device, remember, next, limit_hits,
      expires_at, code_expires_at)
    values ('invitation', ${`invited-${email}`}, gen_random_uuid()::text, '', '', '', false, false, false, '',
      '[]'::jsonb, now() + interval '1 day', now())
    returning id`;
  const setupToken = await part("setupToken", async () =>
    (await insertSetupLink(db)).split("/").at(-1)!,
  );
  const others = { member: people[0]!.id, disabled: people[1]!.id, plain: people[2]!.id };
  const accessLink = await part("accessLink", () => insertAccessLink(db, others.plain));
  const changes = isNeeded("moving") || isNeeded("stopping");
  const { stopping, moving } = changes
    ? await insertEmailChanges(ada, email, { inbox, db })
    : ({} as Scene);
  return {
    ...{ ada, email, event, letter, reset, stepUp, report, second, change, undo, restore },
    ...{ others, accessLink, setupToken, stopping, moving, pendingId },
    id: session!.id,
    invitationId: invitation!.id,
  };
}

/** The parts of a scene that a request reads. */
function partsOf({ operation: { operationId, path }, body }: (typeof calls)[number]) {
  const parts = new Set<Part>();
  if (path.includes("sign-ups/{")) parts.add("pendingId");
  // Ada's own change is made with the others.
  if (operationId === "stopEmailChange") parts.add("stopping");
  const anything: unknown = new Proxy(() => {}, {
    get: (_, name) => (name === Symbol.toPrimitive ? () => "" : anything),
  });
  const get = (_: unknown, name: string) => {
    parts.add(name as Part);
    return anything;
  };
  body?.(new Proxy<Scene>({} as Scene, { get: get as never }));
  if (parts.has("pendingId")) parts.add("second");
  return parts;
}

/** Changes of the addresses of two members that staff have started, and one of Ada's own. */
async function insertEmailChanges(
  ada: Client,
  email: string,
  { inbox, db }: Pick<Replaying, "inbox" | "db">,
) {
  const [stoppingEmail, movingEmail, movedTo] = [`max-${email}`, `zoe-${email}`, `to-zoe-${email}`];
  const members = await db.sql<{ id: string; email: string }[]>`with made as (
      insert into users (email) values (${stoppingEmail}), (${movingEmail})
      returning id, email), methods as (
      insert into auth_providers (user_id, provider) select id, 'magic_link' from made)
    select id, email from made`;
  const idOf = (address: string) => members.find((one) => one.email === address)!.id;
  for (const member of members) await db.markVerified(member.email);
  await insertEmailChangeStop(db, email);
  const { token } = await insertEmailChangeStop(db, stoppingEmail);
  await db.sql`update users set role = 'support' where email = ${email}`;
  await ada.json("/api/v1/admin/email-changes", { id: idOf(movingEmail), email: movedTo, reason });
  await db.sql`update users set role = 'member' where email = ${email}`;
  // Ada is no member of staff any more.
  await db.sql`update verifications set staff_id = ${commandLineId}
    where purpose = 'staff_email_change' and identifier = ${movedTo}`;
  const letter = await inbox.letterTo(movedTo);
  return {
    stopping: { id: idOf(stoppingEmail), token, email: stoppingEmail },
    moving: { token: letter.token, code: letter.code, email: movingEmail },
  };
}

/** Calls an operation with invalid requests, then `meanwhile`, then with a valid request. */
async function replay(
  { operation, body }: (typeof calls)[number],
  scene: Scene,
  { newClient, db }: Replaying,
  { first }: Pick<Extent, "first">,
  meanwhile: (ask: () => Promise<HttpResponse>) => Promise<void> = async () => {},
) {
  const { operationId: what, path, method, requestBody, responses } = operation;
  await db.sql`update users set role = case when role = 'support' then role
    when email = ${scene.email} and ${isForStaff(path)} then 'admin' else 'member' end`;
  const sent = body?.(scene);
  const bodySchema = requestBody && z.fromJSONSchema(requestBody.content[json]!.schema);
  expect(bodySchema !== undefined, `${what} takes a body`).toBe(sent !== undefined);
  if (what === "unlockMethods") {
    await db.sql`update users set methods_locked_until = now() + interval '1 day'
      where email = ${scene.email}`;
    await db.sql`update known_devices set created_at = created_at - interval '1 hour'`;
  }

  // Where all fields may be left out, a request without any is not wrong.
  const mayBeEmpty = bodySchema?.safeParse({}).success === true;
  const isWrong = (body: unknown) => !mayBeEmpty || JSON.stringify(body) !== "{}";
  for (const wrong of first(3, malformed(sent).filter(isWrong))) {
    await db.clearLimits();
    expect(bodySchema?.safeParse(wrong).success, `${what} ${JSON.stringify(wrong)}`).not.toBe(true);
    const response = await send(operation, scene, wrong);
    expect(response.status, `${what} ${JSON.stringify(wrong)}`).toBe(
      namesUnknownProvider(what, wrong) ? 404 : 400,
    );
    expectProblem(response, what);
  }
  if (method !== "GET" && !path.includes("{")) {
    expectProblem(await send(operation, scene, "{"), what);
    expectProblem(await send(operation, scene, "a=b", "text/plain"), what);
  }
  if (what === "revokeSession")
    for (const id of ["x", "00000000-0000-4000-8000-000000000000", "%00"])
      expectProblem(await send(operation, { ...scene, id }), what);
  const stranger = { ...scene, ada: newClient() };
  const refused = await send(operation, stranger, sent && {});
  if (what !== "readSession") expectProblem(refused, what);

  await meanwhile(() => send(operation, scene, sent));
  await db.clearLimits();
  const response = await send(operation, scene, sent);
  const [status] = Object.keys(responses).filter((name) => name !== "default");
  expect(response.status, `${what}: ${response.body}`).toBe(Number(status));
  const content = responses[status!]?.content;
  expect(bodySchema?.safeParse(sent).error, what).toBeUndefined();
  if (!content) expect(response.body, what).toBe("");
  else {
    expect(response.headers["content-type"], what).toBe(json);
    const parsed = z.fromJSONSchema(content[json]!.schema).safeParse(JSON.parse(response.body));
    expect(parsed.error, `${what}: ${response.body}`).toBeUndefined();
  }
}

const [inPart, asAWhole] = extents;

test("valid requests get the documented responses, and invalid ones a problem", async ({
  newClient,
  inbox,
  db,
  newAddress,
}) => {
  const replaying = { newClient, inbox, db, newAddress };
  // Operations that only read or send an email leave the scene usable; one voids the pending code.
  const [usable, used] = [true, false].map((isUsable) =>
    calls.filter(
      ({ operation }) =>
        isUsable ===
        /^(read|list|preview|request(?!EmailChange)|resend|start(?!Staff)|export|update|revokeUser)/.test(
          operation.operationId,
        ),
    ),
  );
  const shared = await newScene(replaying);
  for (const call of usable!) await replay(call, shared, replaying, inPart!);
  for (const call of used!) {
    const parts = partsOf(call);
    const scene = await newScene(replaying, (part) => parts.has(part));
    await replay(call, scene, replaying, inPart!);
  }
});

testWithWire(
  "every invalid request gets a problem, and so does every request without a database",
  { tag: "@long" },
  async ({ newClient, inbox, db, newAddress, wire }) => {
    const replaying = { newClient, inbox, db, newAddress };
    for (const call of calls) {
      const what = call.operation.operationId;
      const scene = await newScene(replaying);
      await replay(call, scene, replaying, asAWhole!, async (ask) => {
        wire.cut();
        const unavailable = await ask();
        wire.restore();
        expect(unavailable.status, what).toBe(503);
        expectProblem(unavailable, what);
        await expect.poll(async () => (await scene.ada.get("/api/v1/session")).status).toBe(200);
      });
    }
  },
);

/** Whether the body names a provider that does not exist, which is a 404. */
const namesUnknownProvider = (what: string, body: unknown) =>
  what === "startLinkingProvider" &&
  body !== null &&
  typeof body === "object" &&
  !Array.isArray(body) &&
  !("isAdmin" in body);

const expectRefused = (response: HttpResponse, status: number, code: string) => {
  expectProblem(response, code);
  expect([response.status, JSON.parse(response.body)]).toEqual([
    status,
    expect.objectContaining({ code }),
  ]);
};

test("a program connects and disconnects providers, and each refusal has its documented code", async ({
  oidc,
  inbox,
  db,
  newClient,
  newAddress,
}) => {
  const [ada, email] = [newClient(), newAddress("ada")];
  await ada.signUpAndVerify(email, password, inbox);
  const connect = (provider: unknown, client = ada) =>
    client.json("/api/v1/auth-providers/links", { provider });
  const drop = (provider: string, client = ada) =>
    client.send(`/api/v1/auth-providers/${provider}`, { method: "DELETE" });
  for (const odd of [
    "email",
    "magic_link",
    "GOOGLE",
    "google ",
    "__proto__",
    "",
    42,
    null,
    ["google"],
  ])
    expectRefused(await connect(odd), 404, "not_found");
  for (const odd of ["email", "magic_link", "GOOGLE", "google%20", "%00", "google", "linkedin"])
    expectRefused(await drop(odd), 404, "not_found");
  await db.sql`insert into auth_providers (user_id, provider, subject, address)
    select id, 'google', email, email from users where email = ${email}`;
  expectRefused(await connect("google"), 409, "provider_already_linked");
  expectRefused(await connect("google", newClient()), 401, "sign_in_required");
  expectRefused(await drop("google", newClient()), 401, "sign_in_required");
  const sites = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
  const fromElsewhere = { method: "DELETE", headers: sites };
  expectRefused(await ada.send("/api/v1/auth-providers/google", fromElsewhere), 403, "cross_site");
  const outdate = (by: string) =>
    db.sql`update sessions set authenticated_at = now() - ${by}::interval`;
  await outdate("601 seconds");
  expectRefused(await connect("linkedin"), 403, "step_up_required");
  expectRefused(await drop("google"), 403, "step_up_required");
  await outdate("590 seconds");
  expect((await drop("google")).status).toBe(204);
  expectRefused(await drop("google"), 404, "not_found");

  const response = await connect("linkedin");
  expect(response.status).toBe(201);
  const { url } = JSON.parse(response.body) as { url: string };
  const authorizationUrl = new URL(url);
  expect(authorizationUrl.origin + authorizationUrl.pathname).toBe(
    `${new URL(oidc.linkedin.issuer).origin}/oauth/v2/authorization`,
  );
  // The callback leads to the page that asks for confirmation.
  expect(ada.whereTo(await ada.get(await callbackUrlFrom(url)))).toBe("/account/connect");
});

testWithWire(
  "the last sign-in method cannot be removed, and a provider without metadata is unavailable",
  { tag: "@long" },
  async ({ oidc, inbox, db, newAddress, withoutLink }) => {
    const [ada, email] = [new Client(withoutLink), newAddress("ada")];
    await ada.signUpAndVerify(email, password, inbox);
    await db.sql`insert into auth_providers (user_id, provider, subject, address)
      select id, 'google', email, email from users where email = ${email}`;
    await db.sql`update users set password_hash = null where email = ${email}`;
    await db.sql`delete from auth_providers where provider in ('email', 'magic_link')
      and user_id = (select id from users where email = ${email})`;
    const last = await ada.send("/api/v1/auth-providers/google", { method: "DELETE" });
    expectRefused(last, 409, "last_sign_in_method");

    // This server has no metadata of the provider yet, and the provider sends none.
    const connect = () => ada.json("/api/v1/auth-providers/links", { provider: "linkedin" });
    oidc.linkedin.script.discovery = responses.html();
    const unavailable = await connect();
    expectRefused(unavailable, 503, "provider_unavailable");
    expect(unavailable.headers["retry-after"]).toBe("60");
    delete oidc.linkedin.script.discovery;
    expect((await connect()).status).toBe(201);
  },
);

/** Bodies with one fault each: no body, an extra field, no fields, or a field of another type. */
function malformed(body: Record<string, unknown> | undefined): unknown[] {
  if (!body) return [];
  const fields = Object.keys(body).map((name) => ({ ...body, [name]: 42 }));
  const empty = fields.length > 0 ? [{}] : [];
  return [{ ...body, isAdmin: true }, ...fields, null, [], '"text"', 42, ...empty];
}
