import { rmSync } from "node:fs";
import { responses } from "@/test/support/oidc-server";
import { type RedisServer, startRedis } from "@/test/support/redis-server";
import { Client } from "./support/client";
import type { Db } from "./support/db";
import { FaultProxy } from "@/test/support/fault-proxy";
import { type Extent, extents } from "./support/extents";
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

/** I7: a walk past everything that handles a secret, and then a search for each secret everywhere. */

interface WorkerFixtures {
  wire: FaultProxy;
  redis: RedisServer;
  server: Server;
}

/** The most talkative server there is, with limits in Redis, and a Postgres that can go away. */
const test = testWithProviders.extend<{ always: null }, WorkerFixtures>({
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
  // What goes wrong here is meant to, and is in the log as it should be.
  always: async ({ db }, use) => {
    await use(null);
    expect(await db.broken()).toEqual([]);
  },
});

/** A client that remembers all it was answered, and every cookie it was given. */
class Watched extends Client {
  readonly seen: { readonly path: string; readonly httpResponse: HttpResponse }[] = [];
  readonly given = new Map<string, string>();

  override async send(path: string, sent: Sent = {}): Promise<HttpResponse> {
    const httpResponse = await super.send(path, sent);
    this.seen.push({ path, httpResponse });
    for (const [name, { value }] of cookiesOf(httpResponse))
      if (ownCookie.test(name) && value) this.given.set(`${name} ${this.given.size}`, value);
    return httpResponse;
  }

  /** The page, and the payload that Next's own script would ask for. */
  async looks(path: string): Promise<void> {
    await this.get(path);
    await this.send(path, { headers: { rsc: "1" } });
  }
}

const ownCookie =
  /^latchkey-(session|asking|device|handshake|parked|onward|oauth_(state|verifier|nonce))$/;
const nobodysToken = "Nobodys-token_".padEnd(43, "x7Q");

for (const { extent, details, isWhole, first } of extents)
  test(
    `no secret is seen where it is not meant to be, ${extent}`,
    details,
    async ({ server, redis, wire, inbox, db, oidc, newAddress }) => {
      await keepEveryLetter(db);
      const watched = () => new Watched(server);
      const [ada, leo, nina, stranger] = [watched(), watched(), watched(), watched()];
      const [adaAt, leoAt, ninaAt] = [newAddress("ada"), newAddress("leo"), newAddress("nina")];

      // By link, after all that can be refused.
      await ada.looks("/sign-in");
      await ada.askForLink(adaAt);
      await ada.askForLink(adaAt);
      await ada.looks("/sign-in/check");
      const link = await inbox.letterTo(adaAt);
      const wrongCode = link.code.replace(/./g, (digit) => String(9 - Number(digit)));
      await ada.submit("/sign-in/check", "Continue", { code: wrongCode });
      await ada.looks("/sign-in/check");
      await ada.json("/api/v1/sessions", { email: adaAt, code: wrongCode });
      await ada.json("/api/v1/sessions", { email: adaAt, code: link.code, role: "admin" });
      await ada.json("/api/v1/sessions", { token: `${link.token}x` });
      await ada.json("/api/v1/sessions", { token: [link.token] });
      await stranger.looks(link.path);
      await stranger.submit(link.path, "Sign in", { username: "somebody@example.com" });
      await stranger.looks(link.path);
      await stranger.looks(`/l/${nobodysToken}`);
      await stranger.json("/api/v1/magic-links/previews", { token: link.token });
      await stranger.json("/api/v1/sessions", { token: link.token });
      await stranger.json("/api/v1/magic-links/cancellations", { token: nobodysToken });
      await stranger.post(
        link.path,
        formWith((await ada.get(link.path)).body, "Sign in"),
        {},
        evil,
      );
      await ada.looks(link.path);
      await ada.submit(link.path, "Sign in");
      await ada.looks(link.path);
      await stranger.looks(link.path);
      await look(ada);

      // By password, from signing up to removing it.
      const passwords = await walkWithPasswords(nina, stranger, ninaAt, inbox, db);

      // By Google and LinkedIn, with all that can go wrong on the way.
      const olgaAt = newAddress("olga");
      const [olga, ...late] = [watched(), watched(), watched()];
      const ofProviders = await walkWithProviders(olga!, stranger, olgaAt, {
        oidc,
        inbox,
        db,
        first,
      });
      const returns: [Watched, string][] = [];
      for (const client of late)
        returns.push([client, await ofProviders.setsOut(client, "google")]);

      // By code, while parts of us fail.
      await leo.json("/api/v1/magic-links", { email: leoAt });
      const { code, token, path } = await inbox.letterTo(leoAt);
      await leo.looks(path);
      const form = formWith((await leo.get(path)).body, "Sign in");
      const passwordForm = formWith((await leo.get("/sign-in/password")).body, "Sign in");
      const tryAll = async () => {
        await leo.json("/api/v1/sessions", { email: leoAt, code });
        await leo.json("/api/v1/sessions", { token });
        await leo.follow(await leo.post(path, form));
        await leo.looks(path);
        await ada.looks("/account/sessions");
        await nina.json("/api/v1/sessions", { email: ninaAt, password: passwords.last });
        await nina.post("/sign-in/password", passwordForm, {
          email: ninaAt,
          password: passwords.last,
        });
        await nina.json("/api/v1/session/step-ups", { password: passwords.last });
        await nina.json("/api/v1/password", { password: passwords.next }, "PUT");
        const [client, back] = returns.shift()!;
        await client.follow(await client.get(back));
        await olga!.json("/api/v1/auth-providers/links", { provider: "google" });
      };
      await db.sql`alter table known_devices rename to gone`;
      await tryAll();
      await db.sql`alter table gone rename to known_devices`;
      wire.cut();
      await tryAll();
      wire.restore();
      await expect
        .poll(async () => (await leo.json("/api/v1/sessions", { email: leoAt, code })).status)
        .toBe(201);
      if (isWhole) for (const client of [leo, nina]) await look(client);
      await ada.submit("/account", "Sign out");
      await ada.looks("/sign-in");
      await expect.poll(() => db.isQuiet()).toBe(true);

      const log = server.textLines.join("\n");
      const events = ["letter.sent", "refused", "flow.failed", "database.unavailable"];
      for (const event of [...events, "provider.failed", "provider.client_rejected"])
        expect(log).toContain(`"event":"${event}"`);
      const inRedis = await everythingIn(redis);
      expect(inRedis).toContain("latchkey:emails_per_address:");
      const everybody = [ada, leo, nina, stranger, olga!, ...late];
      const all = everybody.flatMap((client) =>
        client.seen.map(({ path, httpResponse }) => ({
          client,
          path,
          httpResponse,
          text: textOf(httpResponse),
        })),
      );
      // Our pages hand out no payloads, whoever asks for one.
      expect(all.filter(({ httpResponse }) => isPayload(httpResponse))).toEqual([]);
      expect(all.filter(({ httpResponse }) => isProblem(httpResponse)).length).toBeGreaterThan(8);
      expect(await db.standsIn("[A-Za-z0-9_-]{200}")).toContain("kept_letters.payload");

      const found: string[] = [];
      const given = everybody.flatMap((client) => [...client.given]);
      expect(given.filter(([name]) => name.startsWith("latchkey-session"))).toHaveLength(9);
      const oauth = ["oauth_state", "oauth_verifier", "oauth_nonce"];
      for (const name of ["oauth_attempt", "pending_identity", "oauth_redirect", ...oauth])
        expect(
          given.some(([own]) => own.startsWith(`latchkey-${name} `)),
          name,
        ).toBe(true);
      const trips = ofProviders.secrets();
      const cookies = new Set(given.map(([name]) => name.split(" ")[0]!));
      const secrets: readonly (readonly [name: string, ...secrets: string[]])[] = [
        ["a link's token", link.token],
        ["another link's token", token],
        ["nobody's token", nobodysToken],
        ["a code", link.code],
        ["another code", code],
        ["a wrong code", wrongCode],
        ...Object.entries(passwords),
        ...[...cookies].map((name) => {
          const ofThatName = given.filter(([own]) => own.startsWith(`${name} `));
          return [name, ...ofThatName.map(([, value]) => value)] as const;
        }),
        ...trips,
        ...Object.entries(serverKeys),
      ];
      const texts = [
        ...Object.entries({ log, Redis: inRedis }).map(([serverAddress, text]) => ({
          serverAddress,
          path: "",
          text,
        })),
        ...all.map(({ path, text }, at) => ({
          serverAddress: `answer ${at} to ${path}`,
          path,
          text,
        })),
      ].map(({ text, ...where }) => ({ ...where, text: withoutMoments(text) }));
      for (const [name, ...ofThatName] of secrets) {
        const shape = shapeOf(ofThatName);
        for (const column of await db.standsIn(shape.source)) found.push(`${name} in ${column}`);
        for (const { serverAddress, path, text } of texts) {
          // Whoever leaves for a provider takes with them what it is to send back.
          if (leadsAway.test(path) && /^(state|nonce)$/.test(name)) continue;
          // Whoever brings a token in the path has it; the page behind it posts it.
          const brought = ofThatName.filter((secret) => path.includes(secret));
          const others = ofThatName.filter((secret) => !brought.includes(secret));
          if (others.length === 0) continue;
          const looked = brought.length > 0 ? shapeOf(others) : shape;
          if (looked.test(text)) found.push(`${name} in ${serverAddress}`);
        }
      }
      // What a password is kept as is in two columns, and nowhere else at all.
      const hashes = await db.sql<{ hash: string }[]>`
    select password_hash as hash from users where password_hash is not null
    union select password_hash from verifications where password_hash is not null`;
      expect(hashes.length).toBeGreaterThan(1);
      expect(await db.standsIn("argon2")).toEqual([
        "users.password_hash",
        "verifications.password_hash",
      ]);
      for (const text of [log, inRedis, ...all.map((one) => one.text)]) {
        expect(text).not.toContain("argon2");
        for (const { hash } of hashes) expect(text).not.toContain(hash.split("$").at(-1));
      }
      expect(found).toEqual([]);

      const shapeOfHers = anySpellingOf(olgaAt.split("@")[0]!);
      expect(await db.standsIn(shapeOfHers)).toEqual([
        "audit_event_details.identifier",
        "auth_providers.address",
        "handshakes.email",
        "kept_letters.to_address",
        "outbox.to_address",
        "users.email",
        "verifications.identifier",
      ]);
      for (const text of [log, inRedis]) expect(text).not.toMatch(new RegExp(shapeOfHers));

      // An address is no secret to whoever typed it.
      for (const [owner, address] of [
        [ada, adaAt],
        [leo, leoAt],
        [nina, ninaAt],
      ] as const) {
        const shape = anySpellingOf(address.split("@")[0]!);
        expect(await db.standsIn(shape)).toEqual([
          "audit_event_details.identifier",
          "kept_letters.to_address",
          "outbox.to_address",
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

/** All that passwords are typed for, rightly and wrongly; returns every secret that came by. */
async function walkWithPasswords(
  nina: Watched,
  stranger: Watched,
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
  const turned = (code: string) => code.replace(/./g, (digit) => String(9 - Number(digit)));
  const signUp = (password: string) => nina.submit("/sign-up", "Sign up", { email, password });
  const enter = (password: string) =>
    nina.submit("/sign-in/password", "Sign in", { email, password });

  await nina.follow(await signUp(passwords["a password that is refused"]));
  await nina.follow(await signUp(right));
  const signUpCode = await inbox.codeTo(email);
  await nina.looks("/verify-email");
  await enter(right);
  const verify = (code: string) => nina.submit("/verify-email", "Finish signing up", { code });
  await nina.follow(await verify(turned(signUpCode)));
  await nina.json("/api/v1/sign-ups/verifications", { email, code: [signUpCode] });
  await stranger.json("/api/v1/sign-ups/verifications", { email, code: signUpCode });
  await nina.follow(await verify(signUpCode));
  await look(nina);
  await nina.submit("/account", "Sign out");
  await nina.follow(await enter(wrong));
  await nina.json("/api/v1/sessions", { email, password: wrong });
  await nina.json("/api/v1/sessions", { email, password: [right] });
  await nina.follow(await enter(right));
  await nina.submit("/account", "Sign out");

  await nina.follow(await nina.submit("/password", "Email me a link", { email }));
  const reset = await inbox.letterTo(email);
  const save = "Set password and sign in";
  await stranger.looks(reset.path);
  const inTheWrongBrowser = { password: passwords["a password in the wrong browser"] };
  const typed = { username: "somebody@example.com", ...inTheWrongBrowser };
  await stranger.follow(await stranger.submit(reset.path, save, typed));
  const redeem = "/api/v1/password-resets/redemptions";
  await stranger.json(redeem, { token: reset.token, ...inTheWrongBrowser });
  const byCode = {
    code: turned(reset.code),
    password: passwords["a password with a wrong code"],
  };
  await nina.follow(await nina.submit("/password/check", save, byCode));
  await nina.looks(reset.path);
  const byLink = { password: passwords["a password by a reset"] };
  await nina.follow(await nina.submit(reset.path, save, byLink));
  await nina.looks(reset.path);
  await inbox.nextTo(email);

  // A change that lay open for too long, and waits in a cookie for the proof.
  const change = formWith((await nina.get("/account/password")).body, "Set password");
  await db.sql`update sessions set authenticated_at = now() - interval '11 minutes'`;
  const changed = { password: passwords["a password by a change"] };
  const mailRequest = nina.whereTo(await nina.post("/account/password", change, changed)) ?? "";
  await nina.looks(mailRequest);
  const waiting = nina.jar.get("latchkey-suspended_action") ?? "";
  expect(waiting.length).toBeGreaterThan(50);
  for (const text of [waiting, Buffer.from(waiting, "base64url").toString("latin1")])
    expect(text).not.toMatch(new RegExp(anySpellingOf(changed.password)));
  await nina.follow(await nina.submit(mailRequest, "Continue", { password: wrong }));
  await nina.follow(await nina.submit(mailRequest, "Email me a link and a code"));
  const proof = await inbox.letterTo(email);
  await nina.looks(proof.path);
  await stranger.looks(proof.path);
  const prove = (code: string) =>
    nina.submit(`${mailRequest}&asked`, "Continue with the code", { code });
  await nina.follow(await prove(turned(proof.code)));
  await nina.json("/api/v1/session/step-ups", { token: `${proof.token}x` });
  await nina.follow(await prove(proof.code));
  expect(nina.jar.has("latchkey-suspended_action")).toBe(false);
  await inbox.nextTo(email);
  const told = [passwords["a password by a change"], right].map((password) =>
    new Client(nina.serverAddress).json("/api/v1/sessions", { email, password }),
  );
  expect((await Promise.all(told)).map(({ status }) => status)).toEqual([201, 401]);
  return {
    ...passwords,
    last: passwords["a password by a change"],
    "a sign-up code": signUpCode,
    "a wrong sign-up code": turned(signUpCode),
    "a reset token": reset.token,
    "a reset code": reset.code,
    "a step-up token": proof.token,
    "a step-up code": proof.code,
  };
}

const shapeOf = (secrets: readonly string[]) => new RegExp(secrets.map(anySpellingOf).join("|"));

const leadsAway = /^\/(sign-in\/leaving|api\/v1\/auth-providers\/links)$/;

/** There and back in every way; whoever calls keeps the secrets that came by, also later on. */
async function walkWithProviders(
  olga: Watched,
  stranger: Watched,
  email: string,
  { oidc, inbox, db, first }: { oidc: OidcServers; inbox: Inbox; db: Db } & Pick<Extent, "first">,
) {
  const saved = new Map<string, string[]>();
  const remember = (name: string, secret: string | null | undefined) => {
    if (secret) saved.set(name, [...(saved.get(name) ?? []), secret]);
  };
  for (const [name, provider] of Object.entries(oidc)) {
    setUser(provider, email, { sub: `olga-at-${name}`, hd: "example.com" });
    remember("client secret", Object.values(provider.settings)[1]);
    provider.script.token = keepingTokens(remember);
  }
  const comesBack = async (url: string) => {
    const back = await callbackUrlFrom(url);
    const [asked, given] = [new URL(url).searchParams, new URLSearchParams(back.split("?")[1])];
    for (const name of ["state", "nonce"]) remember(name, asked.get(name));
    remember("code", given.get("code"));
    return back;
  };
  const setsOut = async (client: Watched, provider: Provider) =>
    comesBack(await startOAuth(client, provider));

  // Fails at the provider, and in every other way.
  for (const provider of ["google", "linkedin"] as const) {
    const { script } = oidc[provider];
    const usual = script.token!;
    const failureReasons = [
      responses.error("invalid_client", 401),
      responses.html(),
      responses.reset(),
    ];
    for (const wrong of first(2, failureReasons)) {
      const back = await setsOut(olga, provider);
      script.token = wrong;
      await olga.follow(await olga.get(back));
      script.token = usual;
    }
    script.idToken = { sign: "unknown key" };
    await olga.follow(await olga.get(await setsOut(olga, provider)));
    delete script.idToken;
    await olga.looks("/sign-in/continue");
    const stolen = await setsOut(olga, provider);
    await stranger.follow(await stranger.get(stolen));
    await olga.follow(await olga.get(`${stolen}x&state=x`));
    await olga.follow(await olga.get(stolen));
  }

  // Signs up with one, and connects the other after a proof.
  const back = await setsOut(olga, "google");
  await olga.looks("/sign-in/continue");
  await olga.follow(await olga.get(back));
  await olga.follow(await olga.get(back));
  await look(olga);
  const parted = await olga.submit("/account/methods", "Connect LinkedIn");
  await olga.follow(await olga.get(await comesBack(await authorizationUrlOf(olga, parted))));
  for (const page of ["/account/connect", "/sign-in/connect", "/sign-in/switch"])
    await olga.looks(page);
  await db.sql`update sessions set authenticated_at = now() - interval '11 minutes'`;
  const mailRequest = olga.whereTo(await olga.submit("/account/connect", "Connect LinkedIn")) ?? "";
  await olga.looks(mailRequest);
  await olga.follow(await olga.submit(mailRequest, "Email me a link and a code"));
  const proof = await inbox.letterTo(email);
  const code = { code: proof.code };
  await olga.follow(await olga.submit(`${mailRequest}&asked`, "Continue with the code", code));
  await inbox.nextTo(email);
  await olga.looks("/account/methods");
  await olga.looks("/account/disconnect/linkedin");
  const connected = await db.sql`select 1 from auth_providers where subject like 'olga-at-%'`;
  expect(connected).toHaveLength(2);

  const secrets = () => {
    const sent = Object.values(oidc).flatMap(({ requests }) => requests);
    for (const { params } of sent) remember("verifier", params.code_verifier);
    const counts = Object.fromEntries([...saved].map(([name, { length }]) => [name, length > 1]));
    expect(counts).toEqual({
      "client secret": true,
      state: true,
      nonce: true,
      code: true,
      verifier: true,
      "access token": true,
      "ID token": true,
    });
    return [...saved].map(([name, values]) => [name, ...values] as const);
  };
  return { setsOut, secrets };
}

/** What a token endpoint usually answers, every token in it kept. */
const keepingTokens =
  (remember: (name: string, secret: string) => void): NonNullable<OidcServer["script"]["token"]> =>
  async (response, usual) => {
    const { status, body } = await usual();
    const { access_token: access, id_token: id = "" } = body as Record<string, string | undefined>;
    if (access) remember("access token", access);
    for (const part of id.split(".").slice(1)) if (part) remember("ID token", part);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };

const evil = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };

/** Everything that somebody who is signed in can look at. */
async function look(client: Watched) {
  for (const path of ["", "/methods", "/sessions", "/sessions/sign-out-others", "/password"])
    await client.looks(`/account${path}`);
  for (const path of ["/account/password/remove", "/account/confirm"]) await client.looks(path);
  const paths = ["session", "sessions", "auth-providers", "magic-links", "password"];
  for (const path of paths.map((name) => `v1/${name}`)) await client.get(`/api/${path}`);
  for (const path of ["/api/auth/session", "/sign-in", "/sign-in/problem", "/nothing", "/readyz"])
    await client.looks(path);
}

/** Keeps what stood in the outbox while a letter waited; once it is sent that is erased. */
async function keepEveryLetter({ sql }: Db) {
  await sql`create table if not exists kept_letters as select * from outbox with no data`;
  await sql`create or replace function keep_letter() returns trigger language plpgsql as
    $$ begin insert into kept_letters select new.*; return null; end $$`;
  await sql`create or replace trigger keep after insert or update on outbox for each row execute function keep_letter()`;
}

async function everythingIn(redis: RedisServer): Promise<string> {
  const keys = await redis.keys();
  const values = await Promise.all(keys.map((key) => redis.say("zrange", key, "0", "-1")));
  return JSON.stringify([keys, values]);
}

const isProblem = ({ headers }: HttpResponse) =>
  headers["content-type"] === "application/problem+json";
const isPayload = ({ status, headers }: HttpResponse) =>
  status === 200 && headers["content-type"]?.startsWith("text/x-component") === true;

/** All of an answer but the cookies that are made of secrets. */
function textOf({ headers, body }: HttpResponse): string {
  const { "set-cookie": cookies = [], ...rest } = headers;
  const others = cookies.filter((logLine) => !ownCookie.test(logLine.split("=")[0]!));
  return `${JSON.stringify({ ...rest, others })}\n${body}`;
}

/** A pattern for a text as it is, in hexadecimal, and within base64, wherever it begins there. */
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

/** Six digits of a fraction of a second may look like a code. */
const withoutMoments = (text: string) => text.replace(/\d{4}-\d\d-\d\d[T ][\d:.]+/g, "");
