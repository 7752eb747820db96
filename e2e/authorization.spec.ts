import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { hash } from "@node-rs/argon2";
import { en } from "@/messages/en";
import { flows } from "@/lib/flows";
import { bounds } from "@/lib/core/policy";
import { digest } from "@/lib/core/crypto";
import { Client } from "./support/client";
import type { Db } from "./support/db";
import { extents } from "./support/extents";
import { type Form, formWith } from "./support/forms";
import type { HttpResponse, Sent } from "./support/http";
import type { Inbox, SignInLetter } from "./support/inbox";
import { disguises, spellings } from "./support/odd-requests";
import { setUser, keysOf, type OidcServers, testWithProviders as test } from "./support/oidc";
import { insertPendingIdentity } from "./support/pending-identity";
import { routes } from "./support/routes";
import { Server } from "./support/server";
import { expect } from "./support/test";
import { type Provider, startOAuth, callbackUrlFrom } from "./support/oauth";
import { buildWithoutProxy } from "./support/without-proxy";

/**
 * Everything that can be asked × everybody who can ask, on the server as it is built and on one
 * from which proxy.ts was deleted: admission is the runner's alone.
 */

const testWithoutProxy = test.extend<object, { build: { project: string }; server: Server }>({
  build: [
    async ({}, use) => {
      const { project, remove } = await buildWithoutProxy();
      await use({ project });
      remove();
    },
    { scope: "worker" },
  ],
  server: [
    async ({ database, oidc, build: { project } }, use) => {
      const settings = keysOf(oidc);
      const server = await Server.start({ databaseUrl: database.url, project, settings });
      await use(server);
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
});

const right = "four unrelated words here";
const wrongly = "what Mallory would guess";
const another = "quite another set of words";

/** What Ada has while somebody tries: a phone she is signed in on too, and mails on their way. */
interface Scene {
  readonly ada: string;
  /** An address she is just signing up with. */
  readonly work: string;
  readonly signUpCode: string;
  /** As whoever tries knows it. */
  readonly password: string;
  readonly phone: string;
  readonly letter: SignInLetter;
  readonly reset: SignInLetter;
  readonly stepUp: SignInLetter;
  /** The form of an action, as it stood on the page that has it when it was first asked for. */
  readonly formOf: (action: string) => Promise<Form>;
  /** The browser that she is signed in with, that asked for all of it, and that Google sent back. */
  readonly home: Client;
  /** Begins a trip to a provider, and comes to where it sends her back to; with what her browser keeps. */
  readonly trip: (provider: Provider) => Promise<{ back: string; saved: Client["jar"] }>;
}

/** Something that can be asked, on Ada's account where it can name one. */
interface Attempt {
  readonly flow: string | null;
  /** `proof`: a session, and one that was proven to be hers just now. */
  readonly needs: "proof" | "session" | "nothing";
  readonly ask: (client: Client, scene: Scene, headers: Sent["headers"]) => Promise<HttpResponse>;
}

const page = (path: string, flow: string | null, needs: Attempt["needs"] = "nothing"): Attempt => ({
  flow,
  needs,
  ask: (client, { letter, reset, stepUp }, headers) => {
    const live: Record<string, string> = {
      "/l/unknown": letter.path,
      "/l/reset/unknown": reset.path,
      "/l/confirm/unknown": stepUp.path,
      "/account/disconnect/{provider}": "/account/disconnect/google",
    };
    return client.send(live[path] ?? path, { headers: headers! });
  },
});

const pages: Record<string, Attempt> = Object.fromEntries(
  (
    [
      ["/", null],
      ["/.well-known/change-password", null],
      ["/account", "session.list", "session"],
      ["/account/connect", "oauth.preview", "session"],
      ["/account/disconnect/{provider}", "auth_provider.list", "session"],
      ["/account/methods", "auth_provider.list", "session"],
      ["/account/password", "password.read_status", "proof"],
      ["/account/password/remove", "auth_provider.list", "session"],
      ["/account/confirm", "auth_provider.list", "session"],
      ["/account/sessions", "session.list", "session"],
      ["/account/sessions/sign-out-others", "session.list", "session"],
      ["/api/auth/session", "session.read"],
      ["/api/auth/un/known", null],
      ["/api/mailbox/{id}", "mailbox.read"],
      ["/api/un/known", null],
      ["/api/v1/openapi.json", null],
      ["/failed", null],
      ["/l", "session.read"],
      ["/l/confirm/unknown", "step_up.preview"],
      ["/l/reset/unknown", "password_reset.preview"],
      ["/l/unknown", "magic_link.preview"],
      ["/livez", null],
      ["/mailbox", "mailbox.read"],
      ["/password", null],
      ["/password/check", "verification.pending"],
      ["/readyz", null],
      ["/sign-in", "session.read"],
      ["/sign-in/check", "verification.pending"],
      ["/sign-in/connect", "oauth.preview"],
      ["/sign-in/continue", null],
      ["/sign-in/password", "session.read"],
      ["/sign-in/problem", null],
      ["/sign-in/switch", "oauth.preview"],
      ["/sign-up", "session.read"],
      ["/unavailable", null],
      ["/verify-email", "verification.pending"],
    ] as const
  ).map(([path, flow, needs]) => [path, page(path, flow, needs)]),
);

type Typed = Parameters<Client["post"]>[2];

const action = (
  name: string,
  at: string,
  flow: string | null,
  needs: Attempt["needs"],
  typed: (scene: Scene) => Typed = () => ({}),
): Attempt => ({
  flow,
  needs,
  // As if its page had shown whoever asks: else it would be refused as somebody else's, whoever that is.
  ask: async (client, scene, headers) => {
    const said = { ...typed(scene), ...(await client.shownToField()) };
    return client.post(at, await scene.formOf(name), said, headers ?? undefined);
  },
});

const email = "somebody@example.com";

const actions: Record<string, Attempt> = Object.fromEntries(
  (
    [
      ["submitSignOut", "/account", "session.sign_out", "session"],
      [
        "signOutDevice",
        "/account/sessions",
        "session.revoke",
        "session",
        ({ phone }) => ({ id: phone }),
      ],
      ["signOutOthers", "/account/sessions/sign-out-others", "session.revoke_others", "session"],
      ["askForLink", "/sign-in", "magic_link.request", "nothing", () => ({ email })],
      [
        "submitCode",
        "/sign-in/check",
        "email_code.redeem",
        "nothing",
        ({ ada, letter }) => ({ email: ada, code: letter.code }),
      ],
      ["submitLink", "/l/x", "magic_link.redeem", "nothing"],
      ["submitLinkCancellation", "/l/x", "magic_link.cancel", "nothing"],
      ["clearAllLimits", "/mailbox", "mailbox.clear_limits", "nothing"],
      ["signUp", "/sign-up", "sign_up.request", "nothing", () => ({ email, password: another })],
      ["resendCode", "/verify-email", "sign_up.resend", "nothing", ({ work }) => ({ email: work })],
      [
        "submitSignUpCode",
        "/verify-email",
        "sign_up.verify",
        "nothing",
        ({ work, signUpCode }) => ({ email: work, code: signUpCode }),
      ],
      ["continueWithPassword", "/sign-in", null, "nothing", () => ({ email })],
      [
        "signInByPassword",
        "/sign-in/password",
        "password.sign_in",
        "nothing",
        ({ ada, password }) => ({ email: ada, password }),
      ],
      ["askForReset", "/password", "password_reset.request", "nothing", () => ({ email })],
      [
        "resetByCode",
        "/password/check",
        "password_reset.redeem_code",
        "nothing",
        ({ ada, reset }) => ({ email: ada, code: reset.code, password: another }),
      ],
      [
        "resetByLink",
        "/l/reset/x",
        "password_reset.redeem",
        "nothing",
        () => ({ password: another }),
      ],
      [
        "choosePassword",
        "/account/password",
        "password.set",
        "proof",
        () => ({ password: another }),
      ],
      ["dropPassword", "/account/password/remove", "password.remove", "proof"],
      ["askForProof", "/account/confirm", "step_up.request", "session"],
      [
        "stepUpWithPassword",
        "/account/confirm",
        "step_up.password",
        "session",
        ({ password }) => ({ password }),
      ],
      [
        "stepUpWithCode",
        "/account/confirm",
        "step_up.code",
        "session",
        ({ stepUp }) => ({ code: stepUp.code }),
      ],
      ["cancelSuspended", "/account/confirm", null, "session"],
      // Its page says of the link what it says to everybody whose link it is not.
      ["stepUpWithLink", "/l/confirm/x", "step_up.link", "nothing"],
      ["continueWith", "/sign-in", "oauth.start", "nothing"],
      ["submitAccountSwitch", "/sign-in/switch", "oauth.switch_account", "nothing"],
      ["stay", "/sign-in/switch", null, "nothing"],
      ["notNow", "/account/connect", null, "nothing"],
      [
        "connect",
        "/account/methods",
        "oauth.start_linking",
        "proof",
        () => ({ provider: "google" }),
      ],
      ["linkPendingProvider", "/account/connect", "auth_provider.link", "proof"],
      ["remember", "/account/methods", "auth_provider.confirm", "proof"],
      ["disconnect", "/account/disconnect/google", "auth_provider.unlink", "proof"],
    ] as const satisfies readonly Parameters<typeof action>[]
  ).map((described) => [described[0], action(...(described as Parameters<typeof action>))]),
);

const json =
  (method: string, path: (scene: Scene) => string, body?: (scene: Scene) => unknown) =>
  (client: Client, scene: Scene, headers: Sent["headers"]) =>
    client.send(path(scene), {
      method,
      ...(body && { body: JSON.stringify(body(scene)) }),
      headers: { ...(body && { "content-type": "application/json" }), ...headers },
    });

const operation = (
  flow: string,
  needs: Attempt["needs"],
  method: string,
  path: string | ((scene: Scene) => string),
  body?: (scene: Scene) => unknown,
): Attempt => ({
  flow,
  needs,
  ask: json(method, (scene) => `/api/v1/${typeof path === "string" ? path : path(scene)}`, body),
});

/** By name; where the body decides which flow it is, once for each, the name said on. */
const operations: Record<string, Attempt> = {
  askForLink: operation("magic_link.request", "nothing", "POST", "magic-links", () => ({ email })),
  showWaiting: operation("verification.pending", "nothing", "GET", "magic-links"),
  previewLink: operation(
    "magic_link.preview",
    "nothing",
    "POST",
    "magic-links/previews",
    ({ letter: { token } }) => ({ token }),
  ),
  cancelLink: operation(
    "magic_link.cancel",
    "nothing",
    "POST",
    "magic-links/cancellations",
    ({ letter: { token } }) => ({ token }),
  ),
  signIn: operation("magic_link.redeem", "nothing", "POST", "sessions", ({ letter }) => ({
    token: letter.token,
  })),
  "signIn by code": operation(
    "email_code.redeem",
    "nothing",
    "POST",
    "sessions",
    ({ ada, letter }) => ({ email: ada, code: letter.code }),
  ),
  "signIn by password": operation(
    "password.sign_in",
    "nothing",
    "POST",
    "sessions",
    ({ ada, password }) => ({ email: ada, password }),
  ),
  showSessions: operation("session.list", "session", "GET", "sessions"),
  endOtherSessions: operation("session.revoke_others", "session", "DELETE", "sessions"),
  endOneSession: operation(
    "session.revoke",
    "session",
    "DELETE",
    ({ phone }) => `sessions/${phone}`,
  ),
  showSession: operation("session.read", "nothing", "GET", "session"),
  endSession: operation("session.sign_out", "session", "DELETE", "session"),
  showAuthProviders: operation("auth_provider.list", "session", "GET", "auth-providers"),
  signUp: operation("sign_up.request", "nothing", "POST", "sign-ups", () => ({
    email,
    password: another,
  })),
  resendCode: operation("sign_up.resend", "nothing", "POST", "sign-ups/resends", ({ work }) => ({
    email: work,
  })),
  verifyCode: operation(
    "sign_up.verify",
    "nothing",
    "POST",
    "sign-ups/verifications",
    ({ work, signUpCode }) => ({ email: work, code: signUpCode }),
  ),
  askForReset: operation("password_reset.request", "nothing", "POST", "password-resets", () => ({
    email,
  })),
  previewReset: operation(
    "password_reset.preview",
    "nothing",
    "POST",
    "password-resets/previews",
    ({ reset: { token } }) => ({ token }),
  ),
  redeemReset: operation(
    "password_reset.redeem",
    "nothing",
    "POST",
    "password-resets/redemptions",
    ({ reset: { token } }) => ({ token, password: another }),
  ),
  "redeemReset by code": operation(
    "password_reset.redeem_code",
    "nothing",
    "POST",
    "password-resets/redemptions",
    ({ ada, reset: { code } }) => ({ email: ada, code, password: another }),
  ),
  showPassword: operation("password.read_status", "proof", "GET", "password"),
  choosePassword: operation("password.set", "proof", "PUT", "password", () => ({
    password: another,
  })),
  dropPassword: operation("password.remove", "proof", "DELETE", "password"),
  askForProof: operation(
    "step_up.request",
    "session",
    "POST",
    "session/step-ups/requests",
    () => ({}),
  ),
  prove: operation(
    "step_up.link",
    "session",
    "POST",
    "session/step-ups",
    ({ stepUp: { token } }) => ({ token }),
  ),
  "prove by code": operation(
    "step_up.code",
    "session",
    "POST",
    "session/step-ups",
    ({ stepUp: { code } }) => ({ code }),
  ),
  "prove by password": operation(
    "step_up.password",
    "session",
    "POST",
    "session/step-ups",
    ({ password }) => ({ password }),
  ),
  connectAuthProvider: operation(
    "oauth.start_linking",
    "proof",
    "POST",
    "auth-providers/links",
    () => ({ provider: "google" }),
  ),
  dropAuthProvider: operation("auth_provider.unlink", "proof", "DELETE", "auth-providers/google"),
};

/** The way back from a provider with what only she can have got there, in whose browser it may be. */
const returns: Record<string, Attempt> = Object.fromEntries(
  (["google", "linkedin"] as const).map((provider) => [
    `the way back from ${provider}`,
    {
      flow: "oauth.complete",
      needs: "nothing",
      async ask(client, { home, trip }, headers) {
        const { back, saved } = await trip(provider);
        const isHers = client.jar.get("latchkey-session") === home.jar.get("latchkey-session");
        if (isHers) for (const [name, value] of saved) client.jar.set(name, value);
        return client.send(back, { headers: headers! });
      },
    },
  ]),
);

// Actions and operations may well have the same name.
const attempts = [
  ...Object.entries(pages),
  ...Object.entries(returns),
  ...Object.entries(actions).map(([name, attempt]) => [`the form ${name}`, attempt] as const),
  ...Object.entries(operations),
];

test("the tables hold every page, action, operation and flow there is", () => {
  const document = JSON.parse(readFileSync("docs/openapi.json", "utf8")) as {
    paths: Record<string, Record<string, DocumentedOperation>>;
  };
  const documented = Object.values(document.paths)
    .flatMap((methods) => Object.values(methods))
    .flatMap(({ operationId, requestBody }) => {
      const { oneOf = [{}] } = requestBody?.content["application/json"].schema ?? {};
      return operationId ? oneOf.map(() => operationId) : [];
    });
  const inTable = Object.keys(operations).map((name) => name.split(" ")[0]);
  expect(inTable.sort()).toEqual(documented.sort());
  const elsewhere = routes({ id: "{id}", provider: "{provider}" }).filter(
    (path) => !(path in document.paths),
  );
  expect(Object.keys(pages).sort()).toEqual(elsewhere);
  const written = readdirSync("app", { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => readFileSync(`app/${file}`, "utf8"))
    .filter((text) => /^\s*"use server"/m.test(text))
    .flatMap((text) =>
      [...text.matchAll(/^export async function (\w+)/gm)].map(([, name]) => name),
    );
  expect(Object.keys(actions).sort()).toEqual(written.sort());
  const tried = new Set(attempts.map(([, { flow }]) => flow));
  expect(flows.filter(({ name }) => !tried.has(name))).toEqual([]);
  const known: (string | null)[] = flows.map(({ name }) => name);
  expect([...tried].filter((name) => name !== null && !known.includes(name))).toEqual([]);
});

interface DocumentedOperation {
  readonly operationId?: string;
  /** Several schemas where the body decides which flow it is. */
  readonly requestBody?: { content: { "application/json": { schema: { oneOf?: object[] } } } };
}

/** Who asks. Only the last one may touch what is Ada's. */
const roles = [
  "nobody",
  "Ada after her session ended",
  "Leo, whose account is disabled",
  "Mallory",
  "another site in Ada's browser",
  "Ada, whose last proof is old",
  "Ada",
] as const;
type Role = (typeof roles)[number];
const outside: readonly Role[] = roles.slice(0, 3);

interface Cast {
  readonly leo: string;
  readonly mallory: string;
}

interface Ends {
  readonly endsIn?: string;
  readonly authAge?: string;
}

/** A browser with a session, as if its person had signed in; a past end makes it one that was. */
async function browserOf(
  server: Server,
  { sql }: Db,
  email: string,
  { endsIn = "1 hour", authAge = "0" }: Ends = {},
) {
  const client = new Client(server);
  const token = randomBytes(32).toString("base64url");
  client.jar.set("latchkey-session", token);
  const [session] = await sql<{ id: string }[]>`
    insert into sessions (token_digest, user_id, method, browser, idle_seconds, ends_at, authenticated_at)
    select ${digest("session", token)}, id, 'magic_link', 'Phone', 86400,
      now() + ${endsIn}::interval, now() - ${authAge}::interval
    from users where email = ${email} returning id`;
  return { client, id: session!.id };
}

async function clientOf(
  role: Role,
  server: Server,
  db: Db,
  { leo, mallory }: Cast,
  { ada, home }: Pick<Scene, "ada" | "home">,
) {
  switch (role) {
    case "nobody":
      return new Client(server);
    case "Ada after her session ended":
      return (await browserOf(server, db, ada, { endsIn: "-1 second" })).client;
    case "Leo, whose account is disabled":
      return (await browserOf(server, db, leo)).client;
    case "Mallory":
      return (await browserOf(server, db, mallory)).client;
    case "Ada, whose last proof is old":
      return (await browserOf(server, db, ada, { authAge: "11 minutes" })).client;
    case "another site in Ada's browser":
    case "Ada": {
      const client = new Client(server);
      for (const [name, value] of home.jar) client.jar.set(name, value);
      return client;
    }
  }
}

/** Leo, whose account is disabled, and Mallory. */
async function castOf(server: Server, { sql }: Db, inbox: Inbox, newAddress: NewAddress) {
  const cast = { leo: newAddress("leo"), mallory: newAddress("mallory") };
  for (const email of Object.values(cast)) await new Client(server).signIn(email, inbox);
  await sql`update users set disabled_at = now() where email = ${cast.leo}`;
  return cast;
}

type NewAddress = (name: string) => string;

const hashed = hash(right, bounds.argon2);

/** Somebody with every way in, of which she has yet to say whether one stays. */
async function makeAda({ sql }: Db, email: string): Promise<void> {
  await sql`with made as (
      insert into users (email, password_hash) values (${email}, ${await hashed}) returning id
    )
    insert into auth_providers (user_id, provider, subject, address, confirmation_required_at)
    select id, provider, subject, subject, questioned from made, (values
      ('email', null, null), ('magic_link', null, null), ('linkedin', ${email}, null),
      ('google', ${email}, now())) as ways (provider, subject, questioned)`;
}

/** A new Ada, with all that she may be waiting for. */
async function sceneOf(
  server: Server,
  db: Db,
  inbox: Inbox,
  newAddress: NewAddress,
  { oidc, mallory }: { oidc: OidcServers; mallory: string },
): Promise<Scene> {
  const [ada, work] = [newAddress("ada"), newAddress("ada-at-work")];
  await makeAda(db, ada);
  const asker = new Client(server);
  await asker.askForLink(ada);
  await asker.submit("/password", "Email me a link", { email: ada });
  await asker.submit("/sign-up", "Sign up", { email: work, password: right });
  const { client: home } = await browserOf(server, db, ada);
  home.jar.set("latchkey-asking", asker.jar.get("latchkey-asking")!);
  await home.submit("/account/confirm", "Email me a link and a code");
  await insertPendingIdentity(db, home, ada);
  const { client: other } = await browserOf(server, db, mallory);
  await insertPendingIdentity(db, other, ada);
  const { client: late } = await browserOf(server, db, ada, { authAge: "11 minutes" });
  const letters: SignInLetter[] = [];
  for (let n = 0; n < 3; n += 1) letters.push(await inbox.letterTo(ada));
  const by = (path: RegExp) => letters.find((letter) => path.test(letter.path))!;
  const mails = {
    letter: by(/^\/l\/[^/]+$/),
    reset: by(/^\/l\/reset\//),
    stepUp: by(/^\/l\/prove\//),
  };
  return {
    ...{ ada, work, home },
    ...mails,
    signUpCode: await inbox.codeTo(work),
    password: right,
    phone: (await browserOf(server, db, ada)).id,
    formOf: formsOf({ home, asker, mallory: other, late }, mails),
    async trip(provider) {
      setUser(oidc[provider], ada);
      const traveller = new Client(server);
      const back = await callbackUrlFrom(await startOAuth(traveller, provider));
      return { back, saved: traveller.jar };
    },
  };
}

/** All that is Ada's and could be taken, spent, changed or ended; what was asked for, and the rest. */
async function whatIsHers({ sql }: Db, { ada, work }: Scene) {
  const hers = await sql<{ what: string; asked: boolean }[]>`
    with mine as (select * from users where email in (${ada}, ${work}))
    select concat_ws(' ', 'account', id, disabled_at, password_hash) as what, false as asked from mine
    union all select concat_ws(' ', 'session', s.id, token_digest, authenticated_at), false
      from sessions s join mine on mine.id = s.user_id
    union all select concat_ws(' ', 'way in', provider, subject, confirmation_required_at), false
      from auth_providers p join mine on mine.id = p.user_id
    union all select concat_ws(' ', 'trip', h.id, returned_at, subject, consumed_at), false
      from oauth_attempts h where email = ${ada} or session_id in (
        select s.id from sessions s join mine on mine.id = s.user_id)
    union all select concat_ws(' ', 'device', device_digest), false
      from known_devices d join mine on mine.id = d.user_id
    union all select concat_ws(' ', 'asked', id, tries, consumed_at, voided_at, password_hash), true
      from verifications where identifier in (${ada}, ${work})`;
  return hers.map(({ what, asked }) => ({ what, asked }));
}

/** Flows that add to what was asked for, and touch nothing else. */
const mailRequest = [
  "magic_link.request",
  "sign_up.request",
  "sign_up.resend",
  "password_reset.request",
  "step_up.request",
  "oauth.start",
];

type Hers = Awaited<ReturnType<typeof whatIsHers>>;

const isTouched = (before: Hers, after: Hers, mayAsk: boolean) => {
  const others = (these: Hers, those: Hers) =>
    these.filter(({ what }) => !those.some((that) => that.what === what));
  const gained = others(after, before).filter(({ asked }) => !(asked && mayAsk));
  return others(before, after).length > 0 || gained.length > 0;
};

/** Whether a browser is signed in as her. */
async function isHer({ sql }: Db, { jar }: Client, { ada, work }: Scene): Promise<boolean> {
  const tokenDigest = digest("session", jar.get("latchkey-session") ?? "");
  const hers = await sql`select 1 from sessions s join users u on u.id = s.user_id
    where token_digest = ${tokenDigest} and email in (${ada}, ${work}) and ends_at > now()`;
  return hers.length > 0;
}

// Without an Origin, which Next lets pass; so that it is the runner that refuses where proxy.ts does not.
const fromElsewhere = { origin: undefined, "sec-fetch-site": "cross-site" };

/** Each flow once: by the API where it can, else as a browser asks. */
const oncePerFlow = [
  ...new Map(
    [...Object.entries(operations), ...attempts]
      .reverse()
      .map((one) => [one[1].flow, one] as const),
  ).values(),
].filter(([, { flow }]) => flow !== null);

const [inPart, asAWhole] = extents;

for (const [how, test_, extent] of [
  ["in part", test, inPart],
  ["as a whole", test, asAWhole],
  ["as a whole, with proxy.ts deleted", testWithoutProxy, asAWhole],
] as const) {
  const { details, isWhole, pairs } = extent!;
  test_(
    `everybody gets what is theirs, ${how}`,
    details,
    async ({ server, db, inbox, newAddress, oidc }) => {
      const cast = await castOf(server, db, inbox, newAddress);
      const wrong: string[] = [];
      let scene: Scene | null = null;

      for (const [what, { flow, needs, ask }] of isWhole ? attempts : oncePerFlow) {
        await db.clearLimits();
        scene ??= await sceneOf(server, db, inbox, newAddress, { oidc, ...cast });
        const { ada, phone } = scene;
        const writes = flows.some(({ name, kind }) => name === flow && kind === "write");
        const requestLink = flow !== null && mailRequest.includes(flow);
        let isSpent = false;

        for (const role of roles) {
          const complain = (of: string) => wrong.push(`${what} as ${role}: ${of}`);
          const foreign = role === "another site in Ada's browser";
          // A provider is another site; what tells its answers apart is in them.
          if (foreign && (!writes || what in returns)) continue;
          const isOld = role === "Ada, whose last proof is old";
          if (isOld && needs !== "proof") continue;
          await db.clearLimits();
          const client = await clientOf(role, server, db, cast, scene);
          const before = await whatIsHers(db, scene);
          const known = { ...scene, password: foreign || role === "Ada" ? right : wrongly };
          const response = await ask(client, known, foreign ? fromElsewhere : {});
          const { path, body } = await endOf(client, response);
          const touched = isTouched(before, await whatIsHers(db, scene), requestLink);
          isSpent ||= touched;
          const shown =
            !foreign &&
            [ada, phone].some((hers) => response.body.includes(hers) || body.includes(hers));

          if (response.status >= 500 && what !== "/unavailable") complain(`${response.status}`);
          if (role === "Ada") {
            const changes = writes && !requestLink && flow !== "mailbox.clear_limits";
            if (touched !== changes) complain(`changed what is hers: ${touched}`);
            const served = shown || /magic_link|"hasPassword":true/.test(body);
            if (needs !== "nothing" && !writes && !served)
              complain(`shows ${response.status} ${path}`);
            continue;
          }
          if (touched) complain(`touched what is hers`);
          if (isOld) {
            const led = path.startsWith("/account/confirm?next=");
            const told = response.status === 403 && response.body.includes('"step_up_required"');
            if (!led && !told) complain(`${response.status}, led to ${path}`);
            continue;
          }
          // Whoever typed the address finds it typed.
          const mayShow = what === "/mailbox" || /^\/(mailbox|sign-in\/password)/.test(path);
          if (shown && !mayShow) complain(`shows what is hers at ${path}`);
          if (!foreign && (await isHer(db, client, scene))) complain("got a session");
          const away = response.status === 401 || path.startsWith("/sign-in");
          if (needs !== "nothing" && outside.includes(role) && !away)
            complain(`${response.status}, led to ${path}`);
        }
        if (isSpent) scene = null;
      }
      expect(wrong).toEqual([]);
    },
  );

  test_(
    `no way of asking leads in without a session, ${how}`,
    details,
    async ({ server, db, inbox, newAddress }) => {
      const cast = await castOf(server, db, inbox, newAddress);
      const ada = newAddress("ada");
      await makeAda(db, ada);
      const { client: home } = await browserOf(server, db, ada);
      const ids = await db.sql<{ id: string }[]>`
        select id from sessions union all select id from users`;
      const hers = [ada, ...Object.values(cast), ...ids.map(({ id }) => id), en["account.skip"]];
      const wrong: string[] = [];
      const look = async (client: Client, path: string, headers: Sent["headers"] = {}) => {
        const response = await client.send(path, { headers });
        const { status, body } = response;
        const what = `${path} ${JSON.stringify(headers)}: ${status}`;
        if (status >= 500) wrong.push(what);
        if (hers.some((one) => body.includes(one))) wrong.push(`${what} shows what is inside`);
        // Next sends whoever asks for a payload to the address that names what it varies by.
        const at = client.whereTo(response);
        if (at?.includes("_rsc") && at !== path) await look(client, at, headers);
      };
      const inside = routes({ provider: "google" }).filter((path) => path.startsWith("/account"));
      const doors = [...inside, ...programsDoors];
      const clients: Client[] = [];
      for (const role of outside)
        clients.push(await clientOf(role, server, db, cast, { ada, home }));
      const visits = clients.flatMap((client) => doors.map((path) => ({ client, path })));
      for (const { client, path } of visits) await look(client, path);
      type Ask = (visit: (typeof visits)[number]) => Promise<void>;
      const linkedMethods: Ask[] = [
        ...spellings("/").map((_, n): Ask => {
          return ({ client, path }) => look(client, spellings(path)[n]!);
        }),
        ...disguises.map((headers): Ask => {
          return ({ client, path }) => look(client, path, headers);
        }),
      ];
      for (const [visit, ask] of pairs(visits, linkedMethods)) await ask(visit);
      expect(wrong).toEqual([]);
      await look(home, "/account");
      await look(home, "/account", { rsc: "1" });
      await look(home, programsDoors[0]!);
      expect(wrong).toHaveLength(3);
    },
  );
}

const programsDoors = ["sessions", "auth-providers", "password"].map((path) => `/api/v1/${path}`);

/** The form of every action, read once from the page that has it. */
function formsOf(
  { home, asker, mallory, late }: Record<"home" | "asker" | "mallory" | "late", Client>,
  { letter, reset, stepUp }: Pick<Scene, "letter" | "reset" | "stepUp">,
): Scene["formOf"] {
  const stranger = new Client(home.serverAddress);
  const suspended = async () =>
    late.whereTo(await late.submit("/account/password/remove", "Remove password"))!;
  // In a browser that did not ask the pages of mails have a field for the address; left out here.
  const places: Readonly<
    Record<string, readonly [Client, at: string | (() => Promise<string>), button: string]>
  > = {
    submitSignOut: [home, "/account", "Sign out"],
    signOutDevice: [home, "/account/sessions", "Sign out Phone"],
    signOutOthers: [home, "/account/sessions/sign-out-others", "Sign out everywhere else"],
    askForLink: [stranger, "/sign-in", "Email me a sign-in link"],
    submitCode: [asker, "/sign-in/check", "Continue"],
    submitLink: [stranger, letter.path, "Sign in"],
    submitLinkCancellation: [stranger, letter.path, "Cancel this request"],
    clearAllLimits: [stranger, "/mailbox", "Clear all limits"],
    signUp: [stranger, "/sign-up", "Sign up"],
    resendCode: [asker, "/verify-email", "Send again"],
    submitSignUpCode: [asker, "/verify-email", "Finish signing up"],
    continueWithPassword: [stranger, "/sign-in", "Use a password"],
    signInByPassword: [stranger, "/sign-in/password", "Sign in"],
    askForReset: [stranger, "/password", "Email me a link"],
    resetByCode: [asker, "/password/check", "Set password and sign in"],
    resetByLink: [stranger, reset.path, "Set password and sign in"],
    choosePassword: [home, "/account/password", "Set password"],
    dropPassword: [home, "/account/password/remove", "Remove password"],
    askForProof: [home, "/account/confirm", "Email me a link and a code"],
    stepUpWithPassword: [home, "/account/confirm", "Continue"],
    stepUpWithCode: [home, "/account/confirm?asked", "Continue with the code"],
    cancelSuspended: [late, suspended, "Cancel"],
    stepUpWithLink: [home, stepUp.path, "Yes, it’s me"],
    continueWith: [stranger, "/sign-in", "Continue with Google"],
    // Ada has nobody to switch to, and nothing left to connect.
    submitAccountSwitch: [mallory, "/sign-in/switch", "Switch account"],
    stay: [mallory, "/sign-in/switch", "Stay signed in"],
    notNow: [home, "/account/connect", "Not now"],
    connect: [mallory, "/account/methods", "Connect Google"],
    linkPendingProvider: [home, "/account/connect", "Connect Google"],
    remember: [home, "/account/methods", "Keep Google"],
    disconnect: [home, "/account/disconnect/google", "Disconnect Google"],
  };
  const read = async ([client, at, button]: (typeof places)[string]) => {
    const path = typeof at === "string" ? at : await at();
    const { fields } = formWith((await client.get(path)).body, button);
    return { fields: fields.filter(([field]) => field !== "username") };
  };
  const forms = new Map<string, Promise<Form>>();
  return (action) => {
    const form = forms.get(action) ?? read(places[action]!);
    forms.set(action, form);
    return form;
  };
}

/** Where an answer leads to in the end, and what is there. */
async function endOf(
  client: Client,
  response: HttpResponse,
): Promise<{ path: string; body: string }> {
  let [path, end] = ["", response];
  for (let at = client.whereTo(end); at !== null; at = client.whereTo(end)) {
    path = at;
    end = await client.get(at);
  }
  return { path, body: end.body };
}
