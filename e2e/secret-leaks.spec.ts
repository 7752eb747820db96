import { rmSync } from "node:fs";
import { responses } from "@/test/support/oidc-server";
import { type RedisServer, startRedis } from "@/test/support/redis-server";
import { Client } from "./support/client";
import type { Db } from "./support/db";
import { FaultProxy } from "@/test/support/fault-proxy";
import { formWith } from "./support/forms";
import { type HttpResponse, cookiesOf, type Sent } from "./support/http";
import type { Inbox } from "./support/inbox";
import {
  setUser,
  keysOf,
  type OidcServer,
  type OidcServers,
  testWithProviders,
} from "./support/oidc";
import { Server, serverKeys } from "./support/server";
import { expect } from "./support/test";
import { authorizationUrlOf, type Provider, startOAuth, callbackUrlFrom } from "./support/oauth";

/** Uses every feature that handles a secret, and then searches everywhere for each secret (I7). */

interface WorkerFixtures {
  wire: FaultProxy;
  redis: RedisServer;
  server: Server;
}

/** A server with debug logging, limits in Redis, and a Postgres connection that can break. */
const test = testWithProviders.extend<{ invariants: null }, WorkerFixtures>({
  wire: [
    async ({ database }, use) => {
      const wire = await FaultProxy.before(database.url);
      await use(wire);
      await wire.close();
    },
    { scope: "worker" },
  ],
  redis: [
    async ({}, use) => {
      const redis = await startRedis();
      await use(redis);
      await redis.stop();
    },
    { scope: "worker" },
  ],
  server: [
    async ({ wire, redis, oidc }, use) => {
      const settings = { LOG_LEVEL: "debug", REDIS_URL: redis.url, ...keysOf(oidc) };
      const server = await Server.start({ databaseUrl: wire.url, settings });
      await use(server);
      wire.restore();
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
  // These tests cause errors on purpose, so errors in the log are allowed.
  invariants: async ({ db }, use) => {
    await use(null);
    expect(await db.violations()).toEqual([]);
  },
});

/** A client that records every response and every cookie. */
class RecordingClient extends Client {
  readonly seen: { readonly path: string; readonly httpResponse: HttpResponse }[] = [];
  readonly received = new Map<string, string>();

  override async send(path: string, sent: Sent = {}): Promise<HttpResponse> {
    const httpResponse = await super.send(path, sent);
    this.seen.push({ path, httpResponse });
    for (const [name, { value }] of cookiesOf(httpResponse))
      // The cookie of an attempt has a token and the checks of Auth.js.
      for (const part of ownCookie.test(name) ? value.split("~") : [])
        if (part) this.received.set(`${name} ${this.received.size}`, part);
    return httpResponse;
  }

  /** Requests the page, and the payload that Next's script would request. */
  async visit(path: string): Promise<void> {
    await this.get(path);
    await this.send(path, { headers: { rsc: "1" } });
  }
}

const ownCookie =
  /^latchkey-(session|mail_request|device|oauth_attempt-\w+-[\w-]{16}|pending_identity|oauth_redirect)$/;
const unknownToken = "Unknown-token_".padEnd(43, "x7Q");

// In the long part: `lib/flows/secrets.flow.test.ts` tests each flow by itself.
test(
  "no secret appears in the log, in Redis, in other columns or in responses",
  { tag: "@long" },
  async ({ server, redis, wire, inbox, db, oidc, newAddress }) => {
    await recordEveryLetter(db);
    const newRecorder = () => new RecordingClient(server);
    const [ada, leo, nina, stranger] = [newRecorder(), newRecorder(), newRecorder(), newRecorder()];
    const [adasEmail, leosEmail, ninasEmail] = [
      newAddress("ada"),
      newAddress("leo"),
      newAddress("nina"),
    ];

    // Ada signs in by link, after every refusal of a link.
    await ada.visit("/sign-in");
    await ada.requestLink(adasEmail);
    await ada.requestLink(adasEmail);
    await ada.visit("/sign-in/check");
    const link = await inbox.letterTo(adasEmail);
    const wrongCode = link.code.replace(/./g, (digit) => String(9 - Number(digit)));
    await ada.submit("/sign-in/check", "Continue", { code: wrongCode });
    await ada.visit("/sign-in/check");
    await ada.json("/api/v1/sessions", { email: adasEmail, code: wrongCode });
    await ada.json("/api/v1/sessions", { email: adasEmail, code: link.code, role: "admin" });
    await ada.json("/api/v1/sessions", { token: `${link.token}x` });
    await ada.json("/api/v1/sessions", { token: [link.token] });
    await stranger.visit(link.path);
    await stranger.submit(link.path, "Sign in", { username: "somebody@example.com" });
    await stranger.visit(link.path);
    await stranger.visit(`/l/${unknownToken}`);
    await stranger.json("/api/v1/magic-links/previews", { token: link.token });
    await stranger.json("/api/v1/sessions", { token: link.token });
    await stranger.json("/api/v1/magic-links/cancellations", { token: unknownToken });
    await stranger.post(link.path, formWith((await ada.get(link.path)).body, "Sign in"), {}, evil);
    await ada.visit(link.path);
    await ada.submit(link.path, "Sign in");
    await ada.visit(link.path);
    await stranger.visit(link.path);
    await visitAccount(ada);

    // Nina uses a password, from sign-up to a change.
    const passwords = await usePasswords(nina, stranger, ninasEmail, inbox, db);

    // Olga uses Google and LinkedIn, with every kind of failure.
    const olgasEmail = newAddress("olga");
    const [olga, ...late] = [newRecorder(), newRecorder(), newRecorder()];
    const providerUse = await useProviders(olga!, stranger, olgasEmail, {
      oidc,
      inbox,
      db,
    });
    const callbacks: [RecordingClient, string][] = [];
    for (const client of late) callbacks.push([client, await providerUse.start(client, "google")]);

    // Leo signs in by code, while parts of the system fail.
    await leo.json("/api/v1/magic-links", { email: leosEmail });
    const { code, token, path } = await inbox.letterTo(leosEmail);
    await leo.visit(path);
    const form = formWith((await leo.get(path)).body, "Sign in");
    const passwordForm = formWith((await leo.get("/sign-in/password")).body, "Sign in");
    const tryAll = async () => {
      await leo.json("/api/v1/sessions", { email: leosEmail, code });
      await leo.json("/api/v1/sessions", { token });
      await leo.follow(await leo.post(path, form));
      await leo.visit(path);
      await ada.visit("/account/sessions");
      await nina.json("/api/v1/sessions", { email: ninasEmail, password: passwords.last });
      await nina.post("/sign-in/password", passwordForm, {
        email: ninasEmail,
        password: passwords.last,
      });
      await nina.json("/api/v1/session/step-ups", { password: passwords.last });
      await nina.json("/api/v1/password", { password: passwords.next }, "PUT");
      const [client, callback] = callbacks.shift()!;
      await client.follow(await client.get(callback));
      await olga!.json("/api/v1/auth-providers/links", { provider: "google" });
    };
    await db.sql`alter table known_devices rename to gone`;
    await tryAll();
    await db.sql`alter table gone rename to known_devices`;
    wire.cut();
    await tryAll();
    wire.restore();
    await expect
      .poll(async () => (await leo.json("/api/v1/sessions", { email: leosEmail, code })).status)
      .toBe(201);
    for (const client of [leo, nina]) await visitAccount(client);
    await ada.submit("/account", "Sign out");
    await ada.visit("/sign-in");
    // Nobody uses this email: the requests whose email is used are no longer counted.
    await ada.requestLink(newAddress("zoe"));
    await expect.poll(() => db.isOutboxEmpty()).toBe(true);

    const log = server.outputLines.join("\n");
    const events = ["letter.sent", "refused", "flow.failed", "database.unavailable"];
    for (const event of [...events, "provider.failed", "provider.client_rejected"])
      expect(log).toContain(`"event":"${event}"`);
    const inRedis = await everythingIn(redis);
    expect(inRedis).toContain("latchkey:emails_per_address:");
    const clients = [ada, leo, nina, stranger, olga!, ...late];
    const all = clients.flatMap((client) =>
      client.seen.map(({ path, httpResponse }) => ({
        client,
        path,
        httpResponse,
        text: textOf(httpResponse),
      })),
    );
    // Our pages serve no payloads to any client.
    expect(all.filter(({ httpResponse }) => isPayload(httpResponse))).toEqual([]);
    expect(all.filter(({ httpResponse }) => isProblem(httpResponse)).length).toBeGreaterThan(8);
    expect(await db.columnsMatching("[A-Za-z0-9_-]{200}")).toContain("recorded_letters.payload");

    const found: string[] = [];
    const received = clients.flatMap((client) => [...client.received]);
    expect(received.filter(([name]) => name.startsWith("latchkey-session"))).toHaveLength(9);
    for (const name of ["oauth_attempt-google-", "pending_identity ", "oauth_redirect "])
      expect(
        received.some(([own]) => own.startsWith(`latchkey-${name}`)),
        name,
      ).toBe(true);
    const providerSecrets = providerUse.secrets();
    const cookies = new Set(received.map(([name]) => name.split(" ")[0]!));
    const secrets: readonly (readonly [name: string, ...secrets: string[]])[] = [
      ["a link's token", link.token],
      ["another link's token", token],
      ["an unknown token", unknownToken],
      ["a code", link.code],
      ["another code", code],
      ["a wrong code", wrongCode],
      ...Object.entries(passwords),
      ...[...cookies].map((name) => {
        const ofThatName = received.filter(([own]) => own.startsWith(`${name} `));
        return [name, ...ofThatName.map(([, value]) => value)] as const;
      }),
      ...providerSecrets,
      ...Object.entries(serverKeys),
    ];
    const texts = [
      ...Object.entries({ log, Redis: inRedis }).map(([source, text]) => ({
        source,
        path: "",
        text,
      })),
      ...all.map(({ path, text }, at) => ({
        source: `response ${at} to ${path}`,
        path,
        text,
      })),
    ].map(({ text, ...where }) => ({ ...where, text: withoutTimestamps(text) }));
    for (const [name, ...ofThatName] of secrets) {
      const shape = shapeOf(ofThatName);
      for (const column of await db.columnsMatching(shape.source))
        found.push(`${name} in ${column}`);
      for (const { source, path, text } of texts) {
        // The redirect to a provider contains the state and nonce that the provider sends back.
        if (redirectsToProvider.test(path) && /^(state|nonce)$/.test(name)) continue;
        // A page with the token in its path may contain it, because its form posts it.
        const inPath = ofThatName.filter((secret) => path.includes(secret));
        const others = ofThatName.filter((secret) => !inPath.includes(secret));
        if (others.length === 0) continue;
        const pattern = inPath.length > 0 ? shapeOf(others) : shape;
        if (pattern.test(text)) found.push(`${name} in ${source}`);
      }
    }
    // Password hashes are in two columns, and nowhere else.
    const hashes = await db.sql<{ hash: string }[]>`
    select password_hash as hash from users where password_hash is not null
    union select password_hash from verifications where password_hash is not null`;
    expect(hashes.length).toBeGreaterThan(1);
    expect(await db.columnsMatching("argon2")).toEqual([
      "users.password_hash",
      "verifications.password_hash",
    ]);
    for (const text of [log, inRedis, ...all.map((one) => one.text)]) {
      expect(text).not.toContain("argon2");
      for (const { hash } of hashes) expect(text).not.toContain(hash.split("$").at(-1));
    }
    expect(found).toEqual([]);

    const olgasShape = anySpellingOf(olgasEmail.split("@")[0]!);
    expect(await db.columnsMatching(olgasShape)).toEqual([
      "audit_event_details.identifier",
      "auth_providers.address",
      "oauth_attempts.email",
      "outbox.to_address",
      "recorded_letters.to_address",
      "users.email",
      "verifications.identifier",
    ]);
    for (const text of [log, inRedis]) expect(text).not.toMatch(new RegExp(olgasShape));

    // Only the client that typed an address may see it in a response.
    for (const [owner, address] of [
      [ada, adasEmail],
      [leo, leosEmail],
      [nina, ninasEmail],
    ] as const) {
      const shape = anySpellingOf(address.split("@")[0]!);
      expect(await db.columnsMatching(shape)).toEqual([
        "audit_event_details.identifier",
        "outbox.to_address",
        "recorded_letters.to_address",
        "users.email",
        "verifications.identifier",
      ]);
      expect(log).not.toMatch(new RegExp(shape));
      expect(inRedis).not.toMatch(new RegExp(shape));
      for (const { client, path, httpResponse, text } of all)
        if (client !== owner || isProblem(httpResponse))
          expect(text, path).not.toMatch(new RegExp(shape));
    }
  },
);

/** Submits every form for a password, with right and wrong passwords; returns every secret used. */
async function usePasswords(
  nina: RecordingClient,
  stranger: RecordingClient,
  email: string,
  inbox: Inbox,
  db: Db,
) {
  const passwords = {
    "a password that is refused": "Qwertyuiop1234",
    "a password": "lantern gravel 7f bread",
    "a mistyped password": "lantern gravel 7f breda",
    "a password in the wrong browser": "what a stranger would like",
    "a password with a wrong code": "violet kettle 93 marble",
    "a password by a reset": "harbour spoon 58 thistle",
    "a password by a change": "walnut ferry 26 umbrella",
    next: "copper meadow 41 whistle",
  };
  const right = passwords["a password"];
  const wrong = passwords["a mistyped password"];
  const wrongCodeFor = (code: string) => code.replace(/./g, (digit) => String(9 - Number(digit)));
  const signUp = (password: string) => nina.submit("/sign-up", "Sign up", { email, password });
  const signIn = (password: string) =>
    nina.submit("/sign-in/password", "Sign in", { email, password });

  await nina.follow(await signUp(passwords["a password that is refused"]));
  await nina.follow(await signUp(right));
  const signUpCode = await inbox.codeTo(email);
  await nina.visit("/verify-email");
  await signIn(right);
  const verify = (code: string) => nina.submit("/verify-email", "Finish signing up", { code });
  await nina.follow(await verify(wrongCodeFor(signUpCode)));
  await nina.json("/api/v1/sign-ups/verifications", { email, code: [signUpCode] });
  await stranger.json("/api/v1/sign-ups/verifications", { email, code: signUpCode });
  await nina.follow(await verify(signUpCode));
  await visitAccount(nina);
  await nina.submit("/account", "Sign out");
  await nina.follow(await signIn(wrong));
  await nina.json("/api/v1/sessions", { email, password: wrong });
  await nina.json("/api/v1/sessions", { email, password: [right] });
  await nina.follow(await signIn(right));
  await nina.submit("/account", "Sign out");

  await nina.follow(await nina.submit("/password", "Email me a link", { email }));
  const reset = await inbox.letterTo(email);
  const save = "Set password and sign in";
  await stranger.visit(reset.path);
  const inTheWrongBrowser = { password: passwords["a password in the wrong browser"] };
  const typed = { username: "somebody@example.com", ...inTheWrongBrowser };
  await stranger.follow(await stranger.submit(reset.path, save, typed));
  const redeem = "/api/v1/password-resets/redemptions";
  await stranger.json(redeem, { token: reset.token, ...inTheWrongBrowser });
  const byCode = {
    code: wrongCodeFor(reset.code),
    password: passwords["a password with a wrong code"],
  };
  await nina.follow(await nina.submit("/password/check", save, byCode));
  await nina.visit(reset.path);
  const byLink = { password: passwords["a password by a reset"] };
  await nina.follow(await nina.submit(reset.path, save, byLink));
  await nina.visit(reset.path);
  await inbox.nextTo(email);

  // A change with an old session: step-up suspends it in a cookie.
  const change = formWith((await nina.get("/account/password")).body, "Set password");
  await db.sql`update sessions set authenticated_at = now() - interval '11 minutes'`;
  const changed = { password: passwords["a password by a change"] };
  const stepUpPage = nina.whereTo(await nina.post("/account/password", change, changed)) ?? "";
  await nina.visit(stepUpPage);
  const suspended = nina.jar.get("latchkey-suspended_action") ?? "";
  expect(suspended.length).toBeGreaterThan(50);
  for (const text of [suspended, Buffer.from(suspended, "base64url").toString("latin1")])
    expect(text).not.toMatch(new RegExp(anySpellingOf(changed.password)));
  await nina.follow(await nina.submit(stepUpPage, "Continue", { password: wrong }));
  await nina.follow(await nina.submit(stepUpPage, "Email me a link and a code"));
  const stepUp = await inbox.letterTo(email);
  await nina.visit(stepUp.path);
  await stranger.visit(stepUp.path);
  const submitStepUpCode = (code: string) =>
    nina.submit(`${stepUpPage}&asked`, "Continue with the code", { code });
  await nina.follow(await submitStepUpCode(wrongCodeFor(stepUp.code)));
  await nina.json("/api/v1/session/step-ups", { token: `${stepUp.token}x` });
  await nina.follow(await submitStepUpCode(stepUp.code));
  expect(nina.jar.has("latchkey-suspended_action")).toBe(false);
  await inbox.nextTo(email);
  const signIns = [passwords["a password by a change"], right].map((password) =>
    new Client(nina.serverAddress).json("/api/v1/sessions", { email, password }),
  );
  expect((await Promise.all(signIns)).map(({ status }) => status)).toEqual([201, 401]);
  return {
    ...passwords,
    last: passwords["a password by a change"],
    "a sign-up code": signUpCode,
    "a wrong sign-up code": wrongCodeFor(signUpCode),
    "a reset token": reset.token,
    "a reset code": reset.code,
    "a step-up token": stepUp.token,
    "a step-up code": stepUp.code,
  };
}

const shapeOf = (secrets: readonly string[]) => new RegExp(secrets.map(anySpellingOf).join("|"));

const redirectsToProvider = /^\/(sign-in\/continue|api\/v1\/auth-providers\/links)$/;

/** Uses each provider, with every kind of failure; returns a way to read the secrets, later ones included. */
async function useProviders(
  olga: RecordingClient,
  stranger: RecordingClient,
  email: string,
  { oidc, inbox, db }: { oidc: OidcServers; inbox: Inbox; db: Db },
) {
  const secretsByName = new Map<string, string[]>();
  const record = (name: string, secret: string | null | undefined) => {
    if (secret) secretsByName.set(name, [...(secretsByName.get(name) ?? []), secret]);
  };
  for (const [name, provider] of Object.entries(oidc)) {
    setUser(provider, email, { sub: `olga-at-${name}`, hd: "example.com" });
    record("client secret", Object.values(provider.settings)[1]);
    provider.script.token = recordingTokens(record);
  }
  const callbackFrom = async (url: string) => {
    const callback = await callbackUrlFrom(url);
    const [asked, given] = [new URL(url).searchParams, new URLSearchParams(callback.split("?")[1])];
    for (const name of ["state", "nonce"]) record(name, asked.get(name));
    record("code", given.get("code"));
    return callback;
  };
  const start = async (client: RecordingClient, provider: Provider) =>
    callbackFrom(await startOAuth(client, provider));

  // The provider fails, or the callback is wrong.
  for (const provider of ["google", "linkedin"] as const) {
    const { script } = oidc[provider];
    const usual = script.token!;
    const wrongResponses = [
      responses.error("invalid_client", 401),
      responses.html(),
      responses.reset(),
    ];
    for (const wrong of wrongResponses) {
      const callback = await start(olga, provider);
      script.token = wrong;
      await olga.follow(await olga.get(callback));
      script.token = usual;
    }
    script.idToken = { sign: "unknown key" };
    await olga.follow(await olga.get(await start(olga, provider)));
    delete script.idToken;
    await olga.visit("/sign-in/continue");
    const stolen = await start(olga, provider);
    await stranger.follow(await stranger.get(stolen));
    await olga.follow(await olga.get(`${stolen}x&state=x`));
    await olga.follow(await olga.get(stolen));
  }

  // She signs up with one provider, and connects the other after step-up.
  const callback = await start(olga, "google");
  await olga.visit("/sign-in/continue");
  await olga.follow(await olga.get(callback));
  await olga.follow(await olga.get(callback));
  await visitAccount(olga);
  const started = await olga.submit("/account/methods", "Connect LinkedIn");
  await olga.follow(await olga.get(await callbackFrom(await authorizationUrlOf(olga, started))));
  for (const page of ["/account/connect", "/sign-in/connect", "/sign-in/switch"])
    await olga.visit(page);
  await db.sql`update sessions set authenticated_at = now() - interval '11 minutes'`;
  const stepUpPage = olga.whereTo(await olga.submit("/account/connect", "Connect LinkedIn")) ?? "";
  await olga.visit(stepUpPage);
  await olga.follow(await olga.submit(stepUpPage, "Email me a link and a code"));
  const stepUp = await inbox.letterTo(email);
  const code = { code: stepUp.code };
  await olga.follow(await olga.submit(`${stepUpPage}&asked`, "Continue with the code", code));
  await inbox.nextTo(email);
  await olga.visit("/account/methods");
  await olga.visit("/account/disconnect/linkedin");
  const connected = await db.sql`select 1 from auth_providers where subject like 'olga-at-%'`;
  expect(connected).toHaveLength(2);

  const secrets = () => {
    const sent = Object.values(oidc).flatMap(({ requests }) => requests);
    for (const { params } of sent) record("verifier", params.code_verifier);
    const counts = Object.fromEntries(
      [...secretsByName].map(([name, { length }]) => [name, length > 1]),
    );
    expect(counts).toEqual({
      "client secret": true,
      state: true,
      nonce: true,
      code: true,
      verifier: true,
      "access token": true,
      "ID token": true,
    });
    return [...secretsByName].map(([name, values]) => [name, ...values] as const);
  };
  return { start, secrets };
}

/** A token endpoint that records every token of its normal responses. */
const recordingTokens =
  (record: (name: string, secret: string) => void): NonNullable<OidcServer["script"]["token"]> =>
  async (response, usual) => {
    const { status, body } = await usual();
    const { access_token: access, id_token: id = "" } = body as Record<string, string | undefined>;
    if (access) record("access token", access);
    for (const part of id.split(".").slice(1)) if (part) record("ID token", part);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };

const evil = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };

/** Visits every page and reads every operation that needs a session. */
async function visitAccount(client: RecordingClient) {
  for (const path of ["", "/methods", "/sessions", "/sessions/sign-out-others", "/password"])
    await client.visit(`/account${path}`);
  for (const path of ["/account/password/remove", "/account/confirm"]) await client.visit(path);
  const paths = ["session", "sessions", "auth-providers", "magic-links", "password"];
  for (const path of paths.map((name) => `v1/${name}`)) await client.get(`/api/${path}`);
  for (const path of ["/api/auth/session", "/sign-in", "/sign-in/problem", "/nothing", "/readyz"])
    await client.visit(path);
}

/** Copies every version of the outbox rows, because the payload is erased once a letter is sent. */
async function recordEveryLetter({ sql }: Db) {
  await sql`create table if not exists recorded_letters as select * from outbox with no data`;
  await sql`create or replace function record_letter() returns trigger language plpgsql as
    $$ begin insert into recorded_letters select new.*; return null; end $$`;
  await sql`create or replace trigger record after insert or update on outbox for each row execute function record_letter()`;
}

async function everythingIn(redis: RedisServer): Promise<string> {
  const keys = await redis.keys();
  const values = await Promise.all(keys.map((key) => redis.command("zrange", key, "0", "-1")));
  return JSON.stringify([keys, values]);
}

const isProblem = ({ headers }: HttpResponse) =>
  headers["content-type"] === "application/problem+json";
const isPayload = ({ status, headers }: HttpResponse) =>
  status === 200 && headers["content-type"]?.startsWith("text/x-component") === true;

/** A response as text, without the cookies that contain secrets. */
function textOf({ headers, body }: HttpResponse): string {
  const { "set-cookie": cookies = [], ...rest } = headers;
  const others = cookies.filter((cookie) => !ownCookie.test(cookie.split("=")[0]!));
  return `${JSON.stringify({ ...rest, others })}\n${body}`;
}

/** A pattern for a text in plain, in hexadecimal, and in base64 at any offset. */
function anySpellingOf(secret: string): string {
  const inBase64 = [0, 1, 2].map((before) =>
    Buffer.from("x".repeat(before) + secret)
      .toString("base64url")
      .slice(before && 4, -4),
  );
  const plain = /^\d+$/.test(secret) ? `(^|\\D)${secret}(\\D|$)` : secret;
  return [
    plain,
    Buffer.from(secret).toString("hex"),
    ...inBase64.filter(({ length }) => length > 8),
  ].join("|");
}

/** Removes timestamps, whose fractions of a second can look like a code. */
const withoutTimestamps = (text: string) => text.replace(/\d{4}-\d\d-\d\d[T ][\d:.]+/g, "");
