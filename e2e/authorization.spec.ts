import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { test as withoutServer } from "@playwright/test";
import { words } from "@/app/words";
import { flows } from "@/lib/flows";
import { digest } from "@/lib/secret";
import { Client } from "./support/client";
import type { Db } from "./support/db";
import { type Form, formWith } from "./support/forms";
import type { Answer, Sent } from "./support/http";
import type { Inbox, SignInLetter } from "./support/inbox";
import { disguises, spellings } from "./support/odd-requests";
import { routes } from "./support/routes";
import { Server } from "./support/server";
import { expect, test } from "./support/test";
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
    { scope: "worker", timeout: 300_000 },
  ],
  server: [
    async ({ database, build: { project } }, use) => {
      const server = await Server.start({ databaseUrl: database.url, project });
      await use(server);
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    },
    { scope: "worker", timeout: 60_000 },
  ],
});

/** What Ada has while somebody tries: a phone she is signed in on too, and a mail on its way. */
interface Scene {
  readonly phone: string;
  readonly letter: SignInLetter;
  readonly forms: Readonly<Record<string, Form>>;
}

/** Something that can be asked, on Ada's account where it can name one. */
interface Attempt {
  readonly flow: string | null;
  readonly needs: "session" | "nothing";
  readonly ask: (client: Client, scene: Scene, headers: Sent["headers"]) => Promise<Answer>;
}

const page = (path: string, flow: string | null, needs: Attempt["needs"] = "nothing"): Attempt => ({
  flow,
  needs,
  ask: (client, { letter }, headers) =>
    client.send(path.replace("/l/unknown", letter.path), { headers: headers! }),
});

const pages: Record<string, Attempt> = Object.fromEntries(
  (
    [
      ["/", null],
      ["/account", "session.list", "session"],
      ["/account/methods", "auth_provider.list", "session"],
      ["/account/sessions", "session.list", "session"],
      ["/account/sessions/sign-out-others", "session.list", "session"],
      ["/api/auth/session", "session.read"],
      ["/api/auth/un/known", null],
      ["/api/un/known", null],
      ["/api/v1/openapi.json", null],
      ["/failed", null],
      ["/l", "session.read"],
      ["/l/unknown", "magic_link.preview"],
      ["/livez", null],
      ["/mailbox", "mailbox.read"],
      ["/readyz", null],
      ["/sign-in", "session.read"],
      ["/sign-in/check", "magic_link.wait"],
      ["/sign-in/problem", null],
      ["/unavailable", null],
    ] as const
  ).map(([path, flow, needs]) => [path, page(path, flow, needs)]),
);

type Typed = Parameters<Client["post"]>[2];

const action = (
  name: string,
  at: string,
  flow: string,
  needs: Attempt["needs"],
  typed: (scene: Scene) => Typed = () => ({}),
): Attempt => ({
  flow,
  needs,
  ask: (client, scene, headers) =>
    client.post(at, scene.forms[name]!, typed(scene), headers ?? undefined),
});

const actions: Record<string, Attempt> = {
  signOutHere: action("signOutHere", "/account", "session.sign_out", "session"),
  signOutDevice: action(
    "signOutDevice",
    "/account/sessions",
    "session.revoke",
    "session",
    ({ phone }) => ({ id: phone }),
  ),
  signOutOthers: action(
    "signOutOthers",
    "/account/sessions/sign-out-others",
    "session.revoke_others",
    "session",
  ),
  askForLink: action("askForLink", "/sign-in", "magic_link.request", "nothing", () => ({
    email: "somebody@example.com",
  })),
  typeCode: action("typeCode", "/sign-in/check", "email_code.redeem", "nothing", ({ letter }) => ({
    email: letter.to,
    code: letter.code,
  })),
  signInByLink: action("signInByLink", "/l/x", "magic_link.redeem", "nothing"),
  cancelRequest: action("cancelRequest", "/l/x", "magic_link.cancel", "nothing"),
  clearAllLimits: action("clearAllLimits", "/mailbox", "mailbox.clear_limits", "nothing"),
};
const json =
  (method: string, path: (scene: Scene) => string, body?: (scene: Scene) => unknown) =>
  (client: Client, scene: Scene, headers: Sent["headers"]) =>
    client.send(path(scene), {
      method,
      ...(body && { body: JSON.stringify(body(scene)) }),
      headers: { ...(body && { "content-type": "application/json" }), ...headers },
    });

const v1 = (path: string) => () => `/api/v1/${path}`;

const operations: Record<string, Attempt> = {
  askForLink: {
    flow: "magic_link.request",
    needs: "nothing",
    ask: json("POST", v1("magic-links"), () => ({ email: "somebody@example.com" })),
  },
  showWaiting: { flow: "magic_link.wait", needs: "nothing", ask: json("GET", v1("magic-links")) },
  previewLink: {
    flow: "magic_link.preview",
    needs: "nothing",
    ask: json("POST", v1("magic-links/previews"), ({ letter: { token } }) => ({ token })),
  },
  cancelLink: {
    flow: "magic_link.cancel",
    needs: "nothing",
    ask: json("POST", v1("magic-links/cancellations"), ({ letter: { token } }) => ({ token })),
  },
  signIn: {
    flow: "magic_link.redeem",
    needs: "nothing",
    ask: json("POST", v1("sessions"), ({ letter: { token } }) => ({ token })),
  },
  showSessions: { flow: "session.list", needs: "session", ask: json("GET", v1("sessions")) },
  endOtherSessions: {
    flow: "session.revoke_others",
    needs: "session",
    ask: json("DELETE", v1("sessions")),
  },
  endOneSession: {
    flow: "session.revoke",
    needs: "session",
    ask: json("DELETE", ({ phone }) => `/api/v1/sessions/${phone}`),
  },
  showSession: { flow: "session.read", needs: "nothing", ask: json("GET", v1("session")) },
  endSession: { flow: "session.sign_out", needs: "session", ask: json("DELETE", v1("session")) },
  showAuthProviders: {
    flow: "auth_provider.list",
    needs: "session",
    ask: json("GET", v1("auth-providers")),
  },
};

const attempts = { ...pages, ...actions, ...operations };

withoutServer("the tables hold every page, action, operation and flow there is @once", () => {
  const document = JSON.parse(readFileSync("docs/openapi.json", "utf8")) as {
    paths: Record<string, Record<string, { operationId?: string }>>;
  };
  const documented = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).flatMap(({ operationId }) => operationId ?? []),
  );
  expect(Object.keys(operations).sort()).toEqual(documented.sort());
  const elsewhere = routes({}).filter(
    (path) => !(path.replace("unknown", "{id}") in document.paths),
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
  const tried = new Set(Object.values(attempts).map(({ flow }) => flow));
  // Which of two flows signs in by JSON is told by the body; the form types the code.
  expect(flows.filter(({ name }) => !tried.has(name))).toEqual([]);
});

/** Who asks. Only the last one may touch what is Ada's. */
const roles = [
  "nobody",
  "Ada after her session ended",
  "Leo, whose account is disabled",
  "Mallory",
  "another site in Ada's browser",
  "Ada",
] as const;
type Role = (typeof roles)[number];
const outside: readonly Role[] = roles.slice(0, 3);

interface Cast {
  readonly ada: string;
  readonly leo: string;
  readonly mallory: string;
}

/** A browser with a session, as if its person had signed in; a past end makes it one that was. */
async function browserOf(server: Server, { sql }: Db, email: string, endsIn = "1 hour") {
  const client = new Client(server);
  const token = randomBytes(32).toString("base64url");
  client.jar.set("latchkey-session", token);
  const [session] = await sql<{ id: string }[]>`
    insert into sessions (token_digest, user_id, method, browser, idle_seconds, ends_at)
    select ${digest("session", token)}, id, 'magic_link', 'Phone', 86400, now() + ${endsIn}::interval
    from users where email = ${email} returning id`;
  return { client, id: session!.id };
}

async function clientOf(role: Role, server: Server, db: Db, { ada, leo, mallory }: Cast) {
  switch (role) {
    case "nobody":
      return new Client(server);
    case "Ada after her session ended":
      return (await browserOf(server, db, ada, "-1 second")).client;
    case "Leo, whose account is disabled":
      return (await browserOf(server, db, leo)).client;
    case "Mallory":
      return (await browserOf(server, db, mallory)).client;
    case "another site in Ada's browser":
    case "Ada":
      return (await browserOf(server, db, ada)).client;
  }
}

/** All that is Ada's and could be taken, spent or ended. */
async function whatIsHers({ sql }: Db, email: string): Promise<string[]> {
  const hers = await sql<{ what: string }[]>`
    select 'session ' || s.id as what from sessions s join users u on u.id = s.user_id
      where u.email = ${email}
    union all select concat_ws(' ', 'link', id, tries, consumed_at, voided_at) from verifications
      where identifier = ${email}
    union all select 'way in ' || provider from auth_providers p join users u on u.id = p.user_id
      where u.email = ${email}
    union all select concat_ws(' ', 'account', id, disabled_at) from users where email = ${email}
    order by 1`;
  return hers.map(({ what }) => what);
}

// Without an Origin, which Next lets pass; so that it is the runner that refuses where proxy.ts does not.
const fromElsewhere = { origin: undefined, "sec-fetch-site": "cross-site" };

for (const [how, test_] of [
  ["as it is built", test],
  ["with proxy.ts deleted", testWithoutProxy],
] as const) {
  test_(
    `everybody gets what is theirs, ${how} @once`,
    async ({ server, db, inbox, newAddress }) => {
      test_.setTimeout(120_000);
      const cast = {
        ada: newAddress("ada"),
        leo: newAddress("leo"),
        mallory: newAddress("mallory"),
      };
      for (const email of Object.values(cast)) await new Client(server).signIn(email, inbox);
      await db.sql`update users set disabled_at = now() where email = ${cast.leo}`;
      const { ada } = cast;
      const wrong: string[] = [];

      let kept: Awaited<ReturnType<typeof newScene>> | undefined;
      for (const [what, { flow, needs, ask }] of Object.entries(attempts)) {
        const { asker, ...scene } = (kept ??= await newScene(server, db, inbox, ada));
        const { phone } = scene;
        const writes = flows.some(({ name, kind }) => name === flow && kind === "write");
        // Ada comes last, and leaves the scene changed.
        if (writes) kept = undefined;

        for (const role of roles) {
          const complain = (of: string) => wrong.push(`${what} as ${role}: ${of}`);
          const foreign = role === "another site in Ada's browser";
          if (foreign && !writes) continue;
          await db.clearLimits();
          const client = await clientOf(role, server, db, cast);
          if (foreign || role === "Ada")
            client.jar.set("latchkey-asking", asker.jar.get("latchkey-asking")!);
          const before = await whatIsHers(db, ada);
          const session = client.jar.get("latchkey-session");
          const answer = await ask(client, scene, foreign ? fromElsewhere : {});
          const { path, body } = await endOf(client, answer);
          const after = await whatIsHers(db, ada);
          const touched = before.join() !== after.join();
          const shown =
            !foreign &&
            [ada, phone].some((hers) => answer.body.includes(hers) || body.includes(hers));

          if (answer.status >= 500 && what !== "/unavailable") complain(`${answer.status}`);
          if (role === "Ada") {
            const changes =
              writes && flow !== "magic_link.request" && flow !== "mailbox.clear_limits";
            if (touched !== changes) complain(`changed what is hers: ${touched}`);
            if (needs === "session" && !writes && !shown && !body.includes("magic_link"))
              complain(`shows ${answer.status} ${path}`);
            continue;
          }
          if (touched) complain(`touched what is hers`);
          const isMailbox = what === "/mailbox" || path === "/mailbox";
          if (shown && !isMailbox) complain(`shows what is hers at ${path}`);
          const inside = client.jar.get("latchkey-session");
          if (inside !== undefined && inside !== session) complain("got a session");
          const away = answer.status === 401 || path.startsWith("/sign-in");
          if (needs === "session" && outside.includes(role) && !away)
            complain(`${answer.status}, led to ${path}`);
        }
      }
      expect(wrong).toEqual([]);
    },
  );

  test_(
    `no way of asking leads in without a session, ${how} @once`,
    async ({ server, db, inbox, newAddress }) => {
      test_.setTimeout(60_000);
      const cast = {
        ada: newAddress("ada"),
        leo: newAddress("leo"),
        mallory: newAddress("mallory"),
      };
      for (const email of Object.values(cast)) await new Client(server).signIn(email, inbox);
      await db.sql`update users set disabled_at = now() where email = ${cast.leo}`;
      const ids = await db.sql<{ id: string }[]>`
      select id from sessions union all select id from users`;
      const hers = [...Object.values(cast), ...ids.map(({ id }) => id), words.account.skip];
      const wrong: string[] = [];
      const look = async (client: Client, path: string, headers: Sent["headers"] = {}) => {
        const answer = await client.send(path, { headers });
        const { status, body } = answer;
        const what = `${path.slice(0, 80)} ${JSON.stringify(headers)}: ${status}`;
        if (status >= 500) wrong.push(what);
        if (hers.some((one) => body.includes(one))) wrong.push(`${what} shows what is inside`);
        // Next sends whoever asks for a payload to the address that names what it varies by.
        const at = client.whereTo(answer);
        if (at?.includes("_rsc") && at !== path) await look(client, at, headers);
      };
      const doors = [...routes({}).filter((path) => path.startsWith("/account")), ...programsDoors];
      for (const role of outside) {
        const client = await clientOf(role, server, db, cast);
        for (const path of doors) {
          for (const spelling of spellings(path)) await look(client, spelling);
          for (const headers of disguises) await look(client, path, headers);
        }
      }
      expect(wrong).toEqual([]);
      const { client } = await browserOf(server, db, cast.ada);
      await look(client, "/account");
      await look(client, "/account", { rsc: "1" });
      await look(client, programsDoors[0]!);
      expect(wrong).toHaveLength(3);
    },
  );
}

const programsDoors = ["/api/v1/sessions", "/api/v1/auth-providers"];

async function newScene(server: Server, db: Db, inbox: Inbox, email: string) {
  await db.clearLimits();
  const asker = new Client(server);
  await asker.askForLink(email);
  const letter = await inbox.letterTo(email);
  const { client: home, id: phone } = await browserOf(server, db, email);
  return { asker, phone, letter, forms: await formsOf(home, asker, letter.path) };
}

/** The form of every action, as it stands on the page that has it. */
async function formsOf(home: Client, asker: Client, link: string): Promise<Scene["forms"]> {
  const stranger = new Client(home.place);
  const form = async (client: Client, at: string, button: string) =>
    formWith((await client.get(at)).body, button);
  const { fields } = await form(stranger, link, "Sign in");
  const withoutAddress = ({ fields }: Form) => ({
    fields: fields.filter(([name]) => name !== "username"),
  });
  return {
    signOutHere: await form(home, "/account", "Sign out"),
    signOutDevice: await form(home, "/account/sessions", "Sign out Phone"),
    signOutOthers: await form(
      home,
      "/account/sessions/sign-out-others",
      "Sign out everywhere else",
    ),
    askForLink: await form(stranger, "/sign-in", "Email me a sign-in link"),
    typeCode: await form(asker, "/sign-in/check", "Continue"),
    signInByLink: withoutAddress({ fields }),
    cancelRequest: withoutAddress(await form(stranger, link, "Cancel this request")),
    clearAllLimits: await form(stranger, "/mailbox", "Clear all limits"),
  };
}

/** Where an answer leads to in the end, and what is there. */
async function endOf(client: Client, answer: Answer): Promise<{ path: string; body: string }> {
  let [path, end] = ["", answer];
  for (let at = client.whereTo(end); at !== null; at = client.whereTo(end)) {
    path = at;
    end = await client.get(at);
  }
  return { path, body: end.body };
}
