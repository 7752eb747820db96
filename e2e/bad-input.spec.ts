import { randomUUID } from "node:crypto";
import { type OutgoingHttpHeaders, request } from "node:http";
import { type RefusalCode, refusals } from "@/lib/core/errors";
import { messagesIn } from "@/messages";
import { messageOf } from "@/messages/refusal-message";
import { seal } from "@/lib/core/crypto";
import { Client } from "./support/client";
import type { Db } from "./support/db";
import { extents } from "./support/extents";
import { formWith, multipart, textOf } from "./support/forms";
import { type HttpResponse, send } from "./support/http";
import type { Inbox } from "./support/inbox";
import { setUser, type OidcServers, testWithProviders as test } from "./support/oidc";
import { serverKeys } from "./support/server";
import { expect } from "./support/test";
import {
  authorizationUrlOf,
  startOAuth,
  otherClientWithAttempt,
  callbackUrlFrom,
  attemptCookie,
} from "./support/oauth";

const password = "four unrelated words here";

/** Tables that a refused request does not change; the other tables count refusals. */
const unchangedTables = [
  "users",
  "sessions",
  "verifications",
  "outbox",
  "auth_providers",
  "known_devices",
  "oauth_attempts",
];

/** Every form of the app, as a browser receives it. */
async function everyForm(
  client: Client,
  path: string,
  { oidc, db }: { oidc: OidcServers; db: Db },
) {
  const email = "unknown@example.com";
  await connectProviders(client, oidc);
  await client.json("/api/v1/password", { password }, "PUT");
  // A new password signs the other device out, so it signs in again.
  const { session } = JSON.parse((await client.get("/api/v1/session")).body) as {
    session: { email: string };
  };
  await new Client(client.serverAddress).json("/api/v1/sessions", {
    email: session.email,
    password,
  });
  await db.sql`update auth_providers set confirmation_required_at = now() where provider = 'linkedin'`;
  await client.json("/api/v1/sign-ups", { email, password });
  await client.json("/api/v1/password-resets", { email });
  const tab = await otherClientWithAttempt(client, "google");
  const forms = [
    ["/sign-in", "Email me a sign-in link"],
    ["/sign-in", "Use a password"],
    ["/sign-in", "Forgot password?"],
    ["/sign-in/password", "Sign in"],
    ["/sign-up", "Sign up"],
    ["/verify-email", "Finish signing up"],
    ["/verify-email", "Send again"],
    ["/password", "Email me a link"],
    ["/password/check", "Set password and sign in"],
    ["/account/password", "Set password"],
    ["/account/password/remove", "Remove password"],
    ["/account/confirm", "Email me a link and a code"],
    ["/account/confirm?asked", "Continue with the code"],
    ["/sign-in/check", "Continue"],
    ["/sign-in/check", "Send again"],
    [path, "Switch account"],
    [path, "Cancel this request"],
    ["/l", "Send a new link"],
    ["/account", "Sign out"],
    ["/account/profile", "Save"],
    ["/account/email", "Send a code"],
    ["/account/delete", "Delete account"],
    ["/account/sessions/sign-out-others", "Sign out everywhere else"],
    ["/mailbox", "Clear all limits"],
    ["/sign-in", "Continue with Google"],
    ["/sign-in/switch", "Switch account"],
    ["/sign-in/switch", "Stay signed in"],
    ["/account/connect", "Connect Google"],
    ["/account/connect", "Not now"],
    ["/account/methods", "Connect Google"],
    ["/account/methods", "Keep LinkedIn"],
    ["/account/disconnect/linkedin", "Disconnect LinkedIn"],
  ] as const;
  return Promise.all(
    forms.map(async ([at, button]) => {
      // The sign-in and sign-up pages redirect a user who is signed in.
      const isRedirected = /^\/sign-/.test(at) && !/(check|switch)$/.test(at);
      const isSwitch = at === "/sign-in/switch";
      const visitor = isSwitch ? tab : isRedirected ? new Client(client.serverAddress) : client;
      return { at, button, form: formWith((await visitor.get(at)).body, button) };
    }),
  );
}

/** Connects LinkedIn, and returns from Google with a pending identity. */
async function connectProviders(client: Client, { google, linkedin }: OidcServers) {
  const returnFrom = async (name: string) => {
    const started = await client.submit("/account/methods", `Connect ${name}`);
    await client.get(await callbackUrlFrom(await authorizationUrlOf(client, started)));
  };
  for (const provider of [google, linkedin]) setUser(provider, `${randomUUID()}@example.com`);
  await returnFrom("LinkedIn");
  await client.submit("/account/connect", "Connect LinkedIn");
  await returnFrom("Google");
}

const formsWithoutInput = [
  "Sign out",
  "Sign out everywhere else",
  "Clear all limits",
  "Email me a link and a code",
  // The pending identity is in a cookie.
  "Connect Google at /account/connect",
  "Switch account at /sign-in/switch",
  "Stay signed in",
  "Not now",
];

const stateOf = async (db: { dump(): Promise<Record<string, string[]>> }) => {
  const dump = await db.dump();
  return Object.fromEntries(unchangedTables.map((table) => [table, dump[table]]));
};

test.describe("Every form", () => {
  test("works in a browser that sends Origin: null and Sec-Fetch-Site: same-origin", async ({
    client,
    newAddress,
  }) => {
    const response = await client.submit(
      "/sign-in",
      "Email me a sign-in link",
      { email: newAddress("ada") },
      { origin: "null", "sec-fetch-site": "same-origin" },
    );
    expect(client.whereTo(response)).toBe("/sign-in/check?asked");
  });

  for (const { extent, details, pairs } of extents)
    test(
      `is refused from another origin and changes nothing, ${extent}`,
      details,
      async ({ oidc, client, server, inbox, db, newAddress }) => {
        // On two devices, so that there is another one to sign out.
        const ada = newAddress("ada");
        await new Client(client.serverAddress).signIn(ada, inbox);
        await client.signIn(ada, inbox);
        const leo = newAddress("leo");
        await client.requestLink(leo);
        // Ada's browser requested Leo's link, so the origin is the only fault of each form.
        const { path } = await inbox.letterTo(leo);
        const forms = await everyForm(client, path, { oidc, db });
        await expect.poll(() => db.isOutboxEmpty()).toBe(true);
        const before = await stateOf(db);
        const { port, host } = new URL(server.origin);
        const origins: OutgoingHttpHeaders[] = [
          { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
          { origin: "https://evil.example", "sec-fetch-site": "same-origin" },
          { origin: `https://${host}` },
          { origin: `http://127.0.0.1:${port}` },
          { origin: "http://localhost" },
          { origin: `http://localhost:${Number(port) + 1}`, "sec-fetch-site": "same-site" },
          { origin: `${server.origin}.evil.example` },
          { origin: `${server.origin}/` },
          { origin: "null", "sec-fetch-site": "cross-site" },
          { origin: "null", "sec-fetch-site": undefined },
          { origin: undefined, "sec-fetch-site": undefined },
          { origin: undefined, "sec-fetch-site": "cross-site" },
          { origin: undefined, "sec-fetch-site": "none" },
          { origin: "" },
          { origin: "not an origin", "sec-fetch-site": "same-origin" },
          { origin: "http://[::bad" },
          { ["Origin" as string]: [server.origin, "https://evil.example"] },
          {
            origin: "https://evil.example",
            "x-forwarded-host": "evil.example",
            "x-forwarded-proto": "https",
            host: "evil.example",
          },
        ];
        for (const [{ at, button, form }, headers] of pairs(forms, origins, 2)) {
          const response = await client.post(at, form, { email: newAddress("mallory") }, headers);
          const what = `${button} with ${JSON.stringify(headers)}: ${response.status}`;
          expect([403, 421], what).toContain(response.status);
          expect(response.headers["set-cookie"], what).toBeUndefined();
        }
        expect(await stateOf(db)).toEqual(before);
      },
    );

  for (const { extent, details, pairs } of extents)
    test(
      `refuses unexpected input with a message, ${extent}`,
      details,
      async ({ oidc, client, inbox, db, newAddress }) => {
        // On two devices, so that there is another one to sign out.
        const ada = newAddress("ada");
        await new Client(client.serverAddress).signIn(ada, inbox);
        await client.signIn(ada, inbox);
        const leo = newAddress("leo");
        await client.requestLink(leo);
        const { path, token } = await inbox.letterTo(leo);
        const forms = await everyForm(client, path, { oidc, db });
        await expect.poll(() => db.isOutboxEmpty()).toBe(true);
        const before = await stateOf(db);
        const file = new File(["ada@example.com"], "a.txt", { type: "text/plain" });
        const invalidInputs: NonNullable<Parameters<typeof multipart>[1]>[] = [
          { email: null, code: null, token: null, id: null, password: null, extra: "1" },
          {
            email: ["a@example.com", "b@example.com"],
            code: ["1", "2"],
            token: [token, token],
            password: [password, password],
          },
          {
            email: [file],
            code: [file],
            token: [file],
            next: [file],
            remember: [file],
            password: [file],
          },
          { email: "", code: "", token: "", password: "" },
          { email: "a".repeat(30_000), code: "1".repeat(30_000), token: "x", password },
          { email: "\u0000", code: "\u0000\uFFFD", token: "\u0000", password: "\u0000" },
          { email: "ada@example.com\r\nBcc: eve@example.com", code: "१२३", token: "../../x" },
          { email: "a@example.com", remember: "yes", role: "admin", code: "-1e5", token: "{}" },
          {
            "email[]": "a@example.com",
            __proto__: "x",
            constructor: "y",
            code: "NaN",
            token: "[]",
            email: null,
          },
          { next: ["/a", "/b"], email: "not one", code: "0x1234", token: "true" },
        ];
        const providers = [
          "",
          "email",
          "GOOGLE",
          "google ",
          "__proto__",
          ["google", "linkedin"],
          [file],
        ];
        const ofProvider: typeof invalidInputs = [
          ...providers.map((provider) => ({ provider })),
          { provider: null, providers: "google" },
        ];
        // The other forms need no input, and succeed with extra input too.
        const refusing = forms.filter(
          ({ at, button }) =>
            !formsWithoutInput.some((one) => one === button || one === `${button} at ${at}`),
        );
        const withProvider = refusing.filter(({ form }) =>
          form.fields.some(([name]) => name === "provider"),
        );
        const responses: string[] = [];
        for (const [{ at, button, form }, wrong] of [
          ...pairs(refusing, invalidInputs, 3),
          ...pairs(withProvider, ofProvider),
        ]) {
          await db.clearLimits();
          const response = await client.post(at, form, wrong);
          responses.push(`${button}: ${response.status}`);
          expect(response.status, `${button} with ${JSON.stringify(wrong).slice(0, 80)}`).toBe(303);
          const page = await client.follow(response);
          // A malformed token in the path leads to a page that does not exist.
          expect([200, 404]).toContain(page.status);
          expect(textOf(page.body)).not.toMatch(/undefined|\[object|The problem is on our side/);
        }
        expect(responses.length).toBeGreaterThan(50);
        expect(await stateOf(db)).toEqual(before);
      },
    );

  test("answers 413 to more than 64 KB, with and without Content-Length", async ({
    client,
    server,
    db,
    newAddress,
  }) => {
    const email = newAddress("ada");
    const page = await client.get("/sign-in");
    const form = formWith(page.body, "Email me a sign-in link");
    const before = await stateOf(db);
    const above = await client.post("/sign-in", form, { email, next: "x".repeat(66_000) });
    expect(above.status).toBe(413);
    expect(above.body).toContain("The request is too large.");
    const { body, type } = await multipart(form, { email, next: "x".repeat(10_000_000) });
    const response = await inChunks(server, body, { "content-type": type, origin: server.origin });
    expect([413, "reset"]).toContain(response);
    const below = await client.post("/sign-in", form, { email, padding: "x".repeat(50_000) });
    expect(client.whereTo(below)).toMatch(/^\/sign-in/);
    const json = (length: number) => ({ email, password: "x".repeat(length) });
    const fromProgram = await client.json("/api/v1/sign-ups", json(66_000));
    expect(fromProgram.status).toBe(413);
    expect(JSON.parse(fromProgram.body)).toMatchObject({ code: "body_too_large" });
    const large = Buffer.from(JSON.stringify(json(10_000_000)));
    const asJson = { "content-type": "application/json" };
    expect([413, "reset"]).toContain(await inChunks(server, large, asJson, "/api/v1/sign-ups"));
    expect(await stateOf(db)).toEqual(before);
    expect((await client.get("/sign-in")).status).toBe(200);
  });

  test("answers malformed bodies without a server error", async ({ client, server, db }) => {
    const form = formWith((await client.get("/sign-in")).body, "Email me a sign-in link");
    const { body, type } = await multipart(form, { email: "nobody" });
    const [, boundary = ""] = type.split("boundary=");
    const before = await stateOf(db);
    const action =
      form.fields.find(([name]) => name.startsWith("$ACTION_ID_"))?.[0].slice(11) ?? "";
    const bodies: [string, string | undefined, string | Buffer, Record<string, string>?][] = [
      ["cut off", type, body.subarray(0, body.length / 2)],
      ["without its end", type, body.subarray(0, -6)],
      ["empty", type, ""],
      ["without a boundary", "multipart/form-data", body],
      ["another boundary", "multipart/form-data; boundary=other", body],
      ["a large boundary", `multipart/form-data; boundary=${"b".repeat(5_000)}`, body],
      [
        "a part without a name",
        type,
        `--${boundary}\r\nContent-Disposition: form-data\r\n\r\nx\r\n--${boundary}--\r\n`,
      ],
      ["a part without headers", type, `--${boundary}\r\n\r\nx\r\n--${boundary}--\r\n`],
      [
        "an unknown action",
        type,
        body.toString("latin1").replaceAll(action, "0".repeat(action.length)),
      ],
      [
        "a malformed action",
        type,
        body.toString("latin1").replaceAll(`$ACTION_ID_${action}`, "$ACTION_ID_"),
      ],
      [
        "a forged reference",
        type,
        body.toString("latin1").replaceAll(`$ACTION_ID_${action}`, "$ACTION_REF_1"),
      ],
      ["no action", type, body.toString("latin1").replaceAll("$ACTION_ID_", "$NOTHING_")],
      [
        "url-encoded",
        "application/x-www-form-urlencoded",
        `%24ACTION_ID_${action}=&email=ada%40example.com`,
      ],
      ["url-encoded and broken", "application/x-www-form-urlencoded", "%E0%A4%A=%&=&&&=="],
      ["JSON", "application/json", '{"email":"ada@example.com"}'],
      [
        "plain text",
        "text/plain;charset=UTF-8",
        '[{"email":"ada@example.com"}]',
        { "next-action": action },
      ],
      [
        "a script's call without arguments",
        "text/plain;charset=UTF-8",
        "[]",
        { "next-action": action },
      ],
      ["a script's broken call", "text/plain;charset=UTF-8", "{{{", { "next-action": action }],
      [
        "a script's call of nothing",
        "text/plain;charset=UTF-8",
        "[]",
        { "next-action": "0".repeat(42) },
      ],
      ["a script's odd id", "text/plain;charset=UTF-8", "[]", { "next-action": "__proto__" }],
      [
        "a script's call with references",
        "text/plain;charset=UTF-8",
        '["$F1","$Q2","$@3","$1:__proto__:then"]',
        { "next-action": action },
      ],
      [
        "a script's form",
        type,
        `--${boundary}\r\nContent-Disposition: form-data; name="0"\r\n\r\n["$1:constructor:constructor"]\r\n--${boundary}\r\nContent-Disposition: form-data; name="1"\r\n\r\n{}\r\n--${boundary}--\r\n`,
        { "next-action": action },
      ],
      ["no type", undefined, body],
      ["an odd type", 'multipart/form-data; boundary="', body],
      ["another charset", `${type}; charset=utf-16`, body],
      ["compressed, it says", type, body, { "content-encoding": "gzip" }],
    ];
    const odd: string[] = [];
    for (const [what, contentType, sent, more] of bodies)
      for (const path of ["/sign-in", "/l/x", "/", "/account", "/unavailable", "/nothing"]) {
        const { status } = await client.send(path, {
          method: "POST",
          body: typeof sent === "string" ? Buffer.from(sent, "latin1") : sent,
          headers: {
            origin: server.origin,
            "sec-fetch-site": "same-origin",
            "content-type": contentType,
            ...more,
          },
        });
        if (status >= 500 && path !== "/unavailable") odd.push(`${what} to ${path}: ${status}`);
      }
    for (const method of ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
      for (const path of ["/sign-in", "/l/x", "/latchkey/latchkey.js", "/unavailable"]) {
        const { status } = await client.send(path, { method, headers: { origin: server.origin } });
        if (status >= 500 && path !== "/unavailable") odd.push(`${method} ${path}: ${status}`);
      }
    expect(odd).toEqual([]);
    expect(await stateOf(db)).toEqual(before);
  });
});

/** The API operations that set a password, and those that compare one. */
async function passwordOperations(
  client: Client,
  inbox: Inbox,
  newAddress: (name: string) => string,
) {
  const email = newAddress("ada");
  await client.signUpAndVerify(email, password, inbox);
  await client.json("/api/v1/password-resets", { email });
  const { token, code, path } = await inbox.letterTo(email);
  const post = (at: string, given: object) => (password: unknown) =>
    client.json(`/api/v1/${at}`, { ...given, password });
  return {
    ...{ email, path },
    choosing: {
      "sign-up": post("sign-ups", { email: newAddress("leo") }),
      "reset by link": post("password-resets/redemptions", { token }),
      "reset by code": post("password-resets/redemptions", { email, code }),
      change: (password: unknown) => client.json("/api/v1/password", { password }, "PUT"),
    },
    comparing: {
      "sign-in": post("sessions", { email }),
      "step-up": post("session/step-ups", {}),
    },
  };
}

/** Expects a problem with this code and its title. */
function expectRefusal(response: HttpResponse, code: RefusalCode, what: string) {
  const { status } = refusals[code];
  expect([response.status, JSON.parse(response.body)], what).toEqual([
    status,
    expect.objectContaining({ code, title: messageOf(messagesIn("en"), { code }) }),
  ]);
}

const ofLength = (n: number) => "four unrelated words here, ".repeat(50).slice(0, n);
const emoji = [..."🐴🔋📎✅🌙🎻🧲🦑🪁🛶🧊🧭"];
const halfAnEmoji = "four unrelated \ud83d words here";

test.describe("Passwords", () => {
  for (const { extent, details, pairs } of extents)
    test(
      `that are not acceptable are refused with a code and change nothing, ${extent}`,
      details,
      async ({ client, inbox, db, newAddress }) => {
        const { choosing, comparing, path } = await passwordOperations(client, inbox, newAddress);
        await expect.poll(() => db.isOutboxEmpty()).toBe(true);
        const before = await stateOf(db);
        const notText = [[password], { password }, {}, [], 5, null, true];
        const anywhere: readonly (readonly [unknown, RefusalCode])[] = [
          ["", "password_missing"],
          [ofLength(1_025), "password_too_long"],
          [emoji[0]!.repeat(1_025), "password_too_long"],
          ["x".repeat(30_000), "password_too_long"],
          // One visible character becomes eighteen in NFKC.
          ["\ufdfa".repeat(60), "password_too_long"],
          [halfAnEmoji, "invalid_input"],
          ...notText.map((none) => [none, "password_missing"] as const),
        ];
        const chosen: readonly (readonly [unknown, RefusalCode])[] = [
          ...anywhere,
          [ofLength(11), "password_too_short"],
          [emoji.slice(1).join(""), "password_too_short"],
          ["e\u0301".repeat(11), "password_too_short"],
          [" ".repeat(40), "password_common"],
          ["password1234", "password_common"],
          ["\u0000".repeat(12), "password_common"],
        ];
        for (const [[where, send], [typed, code]] of pairs(Object.entries(choosing), chosen)) {
          await db.clearLimits();
          const response = await send(typed);
          expectRefusal(response, code, `${where} with ${JSON.stringify(typed)?.slice(0, 40)}`);
        }
        for (const [[where, send], [typed, code]] of pairs(Object.entries(comparing), anywhere)) {
          await db.clearLimits();
          expectRefusal(await send(typed), code, `${where} with ${String(typed).slice(0, 40)}`);
        }
        for (const [where, send] of Object.entries(comparing))
          for (const typed of [ofLength(11), ofLength(1_024), "\u0000", `${password} `]) {
            await db.clearLimits();
            const code = where === "step-up" ? "password_incorrect" : "invalid_credentials";
            expectRefusal(await send(typed), code, `${where} with ${typed.slice(0, 40)}`);
          }
        expect(await stateOf(db)).toEqual(before);

        const visitor = new Client(client.serverAddress);
        const forms: readonly (readonly [Client, at: string, button: string])[] = [
          [visitor, "/sign-up", "Sign up"],
          [client, path, "Set password and sign in"],
          [client, "/password/check", "Set password and sign in"],
          [client, "/account/password", "Set password"],
        ];
        const texts = chosen.flatMap(([typed, code]) =>
          typeof typed === "string" && typed !== halfAnEmoji ? [[typed, code] as const] : [],
        );
        for (const [[asker, at, button], [typed, code]] of pairs(forms, texts)) {
          await db.clearLimits();
          const given = asker === visitor ? { email: newAddress("leo") } : { code: "000000" };
          const fields = at.endsWith("check") || asker === visitor ? given : {};
          const response = await asker.submit(at, button, { ...fields, password: typed });
          expect(response.status, `${at} with ${typed.slice(0, 40)}`).toBe(303);
          const { body } = await asker.follow(response);
          const message = messageOf(messagesIn("en"), { code });
          expect(textOf(body), `${at} with ${typed.slice(0, 40)}`).toContain(message);
          if (typed.trim().length > 3) expect(body).not.toContain(typed.slice(0, 40));
        }
        expect(await stateOf(db)).toEqual(before);
      },
    );

  for (const { extent, details, first } of extents)
    test(
      `of 12 to 1,024 characters work in any script and any Unicode normalisation, ${extent}`,
      details,
      async ({ newClient, inbox, db, newAddress }) => {
        for (const [chosen, typed, wrong] of first(2, [
          [ofLength(1_024), ofLength(1_024), ofLength(1_023)],
          ["crème brûlée à la carte", "crème brûlée à la carte".normalize("NFD"), "creme brulee"],
          [ofLength(12), ofLength(12), `${ofLength(12)} `],
          [emoji.join(""), emoji.join(""), emoji.slice(1).join("")],
          ["crème brûlée à la carte".normalize("NFD"), "crème brûlée à la carte", "CRÈME BRÛLÉE"],
          ["ｆｏｕｒ　ｗｏｒｄｓ　ｓｏ　ｗｉｄｅ", "four words so wide", "four words so  wide"],
          ["четыре разных слова", "четыре разных слова", "четыре разныx слова"],
        ] as const)) {
          await db.clearLimits();
          const email = newAddress("ada");
          await newClient().signUpAndVerify(email, chosen, inbox);
          const phone = newClient();
          const signIn = (password: string) =>
            phone.submit("/sign-in/password", "Sign in", { email, password });
          await signIn(wrong);
          expect(phone.jar.has("latchkey-session"), chosen).toBe(false);
          await signIn(typed);
          expect(phone.jar.has("latchkey-session"), chosen).toBe(true);
        }
      },
    );
});

test.describe("Codes", () => {
  const spellings = {
    spaced: (code: string) => ` ${code.slice(0, 3)}\u00a0${code.slice(3)}\n`,
    "full-width": (code: string) => code.replace(/\d/g, (n) => "０１２３４５６７８９"[Number(n)]!),
    Arabic: (code: string) => code.replace(/\d/g, (n) => "٠١٢٣٤٥٦٧٨٩"[Number(n)]!),
  };

  for (const { extent, details, first } of extents)
    test(
      `work with spaces and in full-width and Arabic digits, ${extent}`,
      details,
      async ({ newClient, inbox, db, newAddress }) => {
        const { spaced, "full-width": fullWidth, Arabic: arabic } = spellings;
        for (const [forSignUp, forStepUp, forReset] of first(1, [
          [spaced, fullWidth, arabic],
          [fullWidth, arabic, spaced],
          [arabic, spaced, fullWidth],
        ] as const)) {
          await db.clearLimits();
          const [email, client] = [newAddress("ada"), newClient()];
          await client.submit("/sign-up", "Sign up", { email, password });
          const signUp = forSignUp(await inbox.codeTo(email));
          await client.submit("/verify-email", "Finish signing up", { code: signUp });
          expect(client.jar.has("latchkey-session"), signUp).toBe(true);

          await client.submit("/account/confirm", "Email me a link and a code");
          const stepUp = forStepUp((await inbox.letterTo(email)).code);
          const tokenBefore = client.jar.get("latchkey-session");
          await client.submit("/account/confirm?asked", "Continue with the code", { code: stepUp });
          expect(client.jar.get("latchkey-session"), stepUp).not.toBe(tokenBefore);

          const phone = newClient();
          await phone.submit("/password", "Email me a link", { email });
          const code = forReset((await inbox.letterTo(email)).code);
          const reset = { code, password: `${password} too` };
          await phone.submit("/password/check", "Set password and sign in", reset);
          expect(phone.jar.has("latchkey-session"), code).toBe(true);
          await inbox.nextTo(email);
        }
      },
    );

  for (const { extent, details, pairs } of extents)
    test(
      `that are malformed are refused with a code and use up no try, ${extent}`,
      details,
      async ({ client, inbox, db, newAddress }) => {
        const [email, other] = [newAddress("ada"), newAddress("other")];
        await client.signUpAndVerify(email, password, inbox);
        await client.json("/api/v1/sign-ups", { email: other, password });
        await client.json("/api/v1/password-resets", { email });
        await client.json("/api/v1/session/step-ups/requests", {});
        await expect.poll(() => db.isOutboxEmpty()).toBe(true);
        const before = await stateOf(db);
        const operations = {
          "sign-ups/verifications": { email: other },
          "password-resets/redemptions": { email, password },
          "session/step-ups": {},
        };
        const malformed = [
          "",
          "12345",
          "1234567",
          "abcdef",
          "12 34 5",
          "-12345",
          "1e5",
          "१२३",
          "①②③④⑤",
        ];
        const odd = [
          "\u0000123456",
          "1".repeat(65),
          "x".repeat(30_000),
          ["123456"],
          {},
          123456,
          null,
        ];
        const codes = [...malformed, ...odd, "12345\ud83d"];
        for (const [[path, given], code] of pairs(Object.entries(operations), codes)) {
          await db.clearLimits();
          const response = await client.json(`/api/v1/${path}`, { ...given, code });
          expectRefusal(response, "code_malformed", `${path} with ${String(code).slice(0, 20)}`);
        }
        expect(await stateOf(db)).toEqual(before);
      },
    );
});

for (const { extent, details, pairs } of extents)
  test(
    `malformed and foreign cookies sign no user in and cause no server error, ${extent}`,
    details,
    async ({ oidc, client, newClient, server, inbox, newAddress }) => {
      const email = newAddress("ada");
      await client.signIn(email, inbox);
      const session = client.jar.get("latchkey-session")!;
      await connectProviders(client, oidc);
      const starting = newClient();
      await startOAuth(starting, "google");
      const { name: attemptName, value: oauthAttempt } = attemptCookie(starting);
      const flash = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
      const isIn = async (cookie: string) => {
        const { status, body } = await send(server, "/account", { headers: { cookie } });
        expect(status, cookie.slice(0, 60)).toBeLessThan(500);
        return status === 200 && body.includes(email);
      };
      expect(await isIn(`latchkey-session=${session}`)).toBe(true);
      expect(await isIn(`a=b; latchkey-session=${session}; c`)).toBe(true);
      const stranger = newClient();
      await stranger.signIn(newAddress("mallory"), inbox);
      const mallorys = stranger.jar.get("latchkey-session")!;
      const odd = [
        `latchkey-session=${session}; latchkey-session=${mallorys}`,
        `latchkey-session=${mallorys}; latchkey-session=${session}`,
        `latchkey-session=`,
        `latchkey-session`,
        `latchkey-session=${session.slice(0, -1)}`,
        `latchkey-session=${session}x`,
        `latchkey-session=${session.toLowerCase()}`,
        `latchkey-session="${session}"`,
        `latchkey-session=${session}%00`,
        `latchkey-session=[object Object]; latchkey-mail_request[]=x`,
        `LATCHKEY-SESSION=${session}`,
        `__Host-session=${session}`,
        `latchkey-mail_request=${session}; latchkey-device=${session}`,
        `latchkey-flash=%%%; latchkey-flash=`,
        `latchkey-flash=${flash({ at: "/sign-in", code: "__proto__", field: "<script>" })}`,
        `latchkey-flash=${flash({ at: "/sign-in/problem", code: "too_many_requests", retryAfter: 1e308 })}`,
        `latchkey-flash=${flash({ at: "/sign-in", note: "toString", email: { a: 1 } })}`,
        `latchkey-flash=${flash([])}`,
        `latchkey-flash=${flash(null)}`,
        `${attemptName}=${oauthAttempt}; latchkey-method=__proto__; latchkey-oauth_redirect=`,
        `${attemptName}=${session}; latchkey-oauth_redirect=${session}; latchkey-method=${session}`,
        `${attemptName}=${oauthAttempt}; ${attemptName}=${session}`,
        `${attemptName}=%00; latchkey-oauth_redirect=%%%; latchkey-method=%`,
        `latchkey-method=; latchkey-method=google; latchkey-method=constructor`,
        `latchkey-oauth_redirect=${"A".repeat(8_000)}; ${attemptName}=${"A".repeat(3_000)}`,
        `${"a=b; ".repeat(1_500)}`,
        `a=${"b".repeat(12_000)}`,
        `=; ;;; =x; a==b; \u00ff=\u00fe`,
        `latchkey-session=${session.replace(/./, (first) => (first === "A" ? "B" : "A"))}`,
      ];
      for (const cookie of odd) expect(await isIn(cookie), cookie.slice(0, 60)).toBe(false);
      const others = [
        "/sign-in",
        "/sign-in/check",
        "/sign-in/problem",
        "/l",
        "/l/x",
        "/mailbox",
        "/sign-in/continue",
        "/sign-in/connect",
        "/sign-in/switch",
        "/account/connect",
      ];
      const valid = [`latchkey-session=${session}`, `a=b; latchkey-session=${session}; c`];
      for (const [cookie, path] of pairs([...odd, ...valid], others, 2)) {
        const { status } = await send(server, path, { headers: { cookie } });
        expect(status, `${path} with ${cookie.slice(0, 60)}`).toBeLessThan(500);
      }
      // The page escapes what a cookie contains.
      const injected = await send(server, "/sign-in", {
        headers: {
          cookie: `latchkey-flash=${flash({ at: "/sign-in", code: "email_invalid", field: "email", email: '"><script>x</script>' })}`,
        },
      });
      expect(injected.body).not.toContain("<script>x</script>");
    },
  );

test("the link in the email has our origin, whatever the Host and forwarding headers are", async ({
  server,
  client,
  inbox,
  db,
  newAddress,
}) => {
  const forged = [
    { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" },
    { forwarded: "host=evil.example;proto=https", "x-original-host": "evil.example" },
    { "x-host": "evil.example", "x-forwarded-server": "evil.example", "x-forwarded-port": "1" },
    { "x-forwarded-prefix": "/evil", "x-rewrite-url": "/evil", "x-invoke-path": "/evil" },
  ];
  for (const headers of forged) {
    await db.clearLimits();
    const email = newAddress("ada");
    const response = await client.submit("/sign-in", "Email me a sign-in link", { email }, headers);
    expect(client.whereTo(response)).toBe("/sign-in/check?asked");
    const { link } = await inbox.letterTo(email);
    expect(link.startsWith(`${server.origin}/l/`)).toBe(true);
  }
  for (const host of [
    "evil.example",
    "localhost.evil.example",
    `${new URL(server.origin).host}.evil.example`,
    "evil.example:80",
    "[::bad",
    "a b",
    "@",
    "localhost:1@evil.example",
  ])
    for (const path of ["/sign-in", "/account", "/latchkey/latchkey.js", "/unavailable"]) {
      const response = await send(server, path, { headers: { host } });
      expect([400, 421], `${path} for ${host}`).toContain(response.status);
      expect(response.headers.location).toBeUndefined();
    }
  // Other names of this machine are redirected to our origin, with their path.
  for (const host of [
    `127.0.0.1:${server.port}`,
    `[::1]:${server.port}`,
    "localhost",
    "app.localhost",
  ]) {
    const response = await send(server, "/l/abc?x=1", { headers: { host } });
    expect([response.status, response.headers.location]).toEqual([
      307,
      `${server.origin}/l/abc?x=1`,
    ]);
  }
  for (const path of [
    "//evil.example/",
    "/\\evil.example/",
    "http://evil.example/",
    "/%0d%0aset-cookie:a=b",
  ]) {
    const response = await send(server, path, { headers: { host: `127.0.0.1:${server.port}` } });
    const { location } = response.headers;
    if (location) expect(new URL(location, server.origin).origin, path).toBe(server.origin);
    expect(response.headers["set-cookie"]).toBeUndefined();
  }
});

/** Sends a body without Content-Length; returns the status, or "reset" when the connection breaks first. */
function inChunks(
  serverAddress: { port: number; origin: string },
  body: Buffer,
  headers: Record<string, string>,
  path = "/sign-in",
) {
  return new Promise<HttpResponse["status"] | "reset">((resolve) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: serverAddress.port,
        path,
        method: "POST",
        agent: false,
        headers: {
          host: new URL(serverAddress.origin).host,
          "transfer-encoding": "chunked",
          ...headers,
        },
      },
      (incoming) => {
        incoming.resume();
        resolve(incoming.statusCode ?? 0);
      },
    );
    outgoing.once("error", () => resolve("reset"));
    for (let at = 0; at < body.length; at += 16_384) outgoing.write(body.subarray(at, at + 16_384));
    outgoing.end();
  });
}

/** A key that is not the server's. */
const otherKey = ["x".repeat(43)] as const;
const elsewhere = JSON.stringify({ provider: "google", url: "https://evil.example/" });

test("the redirect page follows only a cookie that this server sealed for it", async ({
  client,
  newClient,
}) => {
  const read = async (redirect: string) => {
    const visitor = newClient();
    visitor.jar.set("latchkey-oauth_redirect", redirect);
    return visitor.get("/sign-in/continue");
  };
  await startOAuth(client, "google");
  const ours = client.jar.get("latchkey-oauth_redirect")!;
  expect(textOf((await read(ours)).body)).toContain("Continue to Google");
  // A suspended action, sealed with the same key for another cookie.
  const input = { provider: "google", url: "https://evil.example/" };
  const suspended = JSON.stringify({ flow: "oauth.start_linking", input, sessionId: "" });
  for (const redirect of [
    seal(otherKey, elsewhere),
    Buffer.from(elsewhere).toString("base64url"),
    encodeURIComponent(elsewhere),
    seal([serverKeys.OUTBOX_KEY], suspended),
    `${ours}A`,
    ours.slice(0, -8),
    ours.slice(4),
    `${ours}; latchkey-oauth_redirect=${ours}`,
    "https://evil.example/",
    "A",
    "",
  ]) {
    const { status, headers, body } = await read(redirect);
    expect([status, headers.location], redirect.slice(0, 60)).toEqual([307, "/sign-in"]);
    expect(body).not.toContain("evil.example");
  }
});

for (const { extent, details, isWhole } of extents)
  for (const provider of isWhole ? (["google", "linkedin"] as const) : (["google"] as const))
    test(
      `a callback from ${provider} with any input causes no server error and redirects to no other origin, ${extent}`,
      details,
      async ({ oidc, server, newClient, newAddress, db }) => {
        const mallory = newClient();
        await startOAuth(mallory, provider);
        const { parts: mallorys, value: mallorysCookie } = attemptCookie(mallory);
        // An attempt that one case uses up could be repeated by the next.
        const trudy = newClient();
        await startOAuth(trudy, provider);
        const { token: trudysToken } = attemptCookie(trudy).parts;
        const path = `/api/auth/callback/${provider}`;
        type Callback = Readonly<Record<"code" | "state" | "all", string>>;
        const evil = "https://evil.example/";

        /** Extra parameters, which have no effect. */
        const harmless: Record<string, (callback: Callback) => string> = {
          "a redirect URL": ({ all }) => `${all}&callbackUrl=${encodeURIComponent(evil)}`,
          "a redirect URL without a scheme": ({ all }) => `${all}&callbackUrl=//evil.example`,
          "an address of its own": ({ all }) => `${all}&redirect_uri=${evil}&next=${evil}`,
          "a session state": ({ all }) =>
            `${all}&session_state=x&prompt=none&__proto__=x&constructor=`,
          "much more": ({ all }) => `${all}&${"a=b&".repeat(500)}`,
        };
        const wrong: Record<string, (callback: Callback) => string> = {
          nothing: () => "?",
          "a redirect URL with script": ({ all }) => `${all}&callbackUrl=javascript:alert(1)`,
          "an empty redirect URL": ({ all }) => `${all}&callbackUrl=%00&callbackUrl=%25`,
          "no value": () => "?code&state&iss",
          "empty ones": () => "?code=&state=&iss=",
          lists: ({ code, state }) => `?code[]=${code}&state[]=${state}`,
          "another state after it": ({ all }) => `${all}&state=another`,
          "another code after it": ({ all }) => `${all}&code=another`,
          "another's state": ({ code }) => `?code=${code}&state=${mallorys.state}`,
          "a state of 6,000 characters": ({ code }) => `?code=${code}&state=${"s".repeat(6_000)}`,
          "a code of 6,000 characters": ({ state }) => `?code=${"c".repeat(6_000)}&state=${state}`,
          "invalid UTF-8": ({ code, state }) => `?code=${code}%ff%fe&state=${state}`,
          "half an escape": ({ code, state }) => `?code=${code}%&state=${state}%E0%A4%A`,
          "a null": ({ code, state }) => `?code=${code}%00&state=${state}%00`,
          "another line": ({ code, state }) => `?code=${code}%0d%0aset-cookie:a=b&state=${state}`,
          "another issuer": ({ all }) => `${all}&iss=${evil}`,
          "no issuer at all": ({ all }) => `${all}&iss=%00`,
          "an error beside it": ({ all }) => `${all}&error=access_denied`,
          "an error as markup": () =>
            `?error=<script>alert(1)</script>&error_description=${"<b>".repeat(500)}`,
          "an error as a list": () => "?error=a&error=b&error_uri=javascript:alert(1)",
          "an ID token": ({ all }) => `${all}&id_token=e30.e30.&response=e30.e30.`,
        };
        const cookies: Record<string, (client: Client) => unknown> = {
          "Auth.js's own": ({ jar }) =>
            jar
              .set("authjs.callback-url", evil)
              .set("authjs.csrf-token", "x|y")
              .set("authjs.session-token", mallorys.state),
          "Auth.js's own, malformed": ({ jar }) =>
            jar.set("authjs.callback-url", "%").set("__Host-authjs.csrf-token", "%00"),
          "a malformed state": (client) => attemptCookie(client).with({ state: "x" }),
          "an empty state": (client) => attemptCookie(client).with({ state: "" }),
          "another's state": (client) => attemptCookie(client).with({ state: mallorys.state }),
          "a truncated state": (client) => {
            const { parts, with: change } = attemptCookie(client);
            change({ state: parts.state.slice(0, -3) });
          },
          "a large state": (client) => attemptCookie(client).with({ state: "s".repeat(8_000) }),
          "no OAuth attempt": (client) => client.jar.delete(attemptCookie(client).name),
          "another's OAuth attempt": (client) => attemptCookie(client).with({ token: trudysToken }),
          "another's whole attempt": (client) =>
            client.jar.set(attemptCookie(client).name, mallorysCookie),
          "two OAuth attempts": (client) => {
            const { name, value } = attemptCookie(client);
            client.jar.set(name, `${value}; ${name}=${mallorysCookie}`);
          },
          "a malformed OAuth attempt": (client) =>
            client.jar.set(attemptCookie(client).name, "%%%"),
        };
        const ofGoogle: typeof cookies = {
          "no verifier": (client) => attemptCookie(client).with({ verifier: "" }),
          "another's verifier": (client) =>
            attemptCookie(client).with({ verifier: mallorys.verifier }),
          "a state for a verifier": (client) => {
            const { parts, with: change } = attemptCookie(client);
            change({ verifier: parts.state });
          },
          "another's nonce": (client) => attemptCookie(client).with({ nonce: mallorys.nonce }),
          "a malformed nonce": (client) => attemptCookie(client).with({ nonce: "%" }),
        };
        const signedIn: string[] = [];
        const callBack = async (
          what: string,
          query: (callback: Callback) => string,
          changeCookies: (client: Client) => unknown = () => {},
        ) => {
          await db.clearLimits();
          const email = newAddress("ada");
          setUser(oidc[provider], email);
          const client = newClient();
          // Cookies of other apps exist before the OAuth attempt starts.
          if (what.includes("Auth.js's own")) changeCookies(client);
          const callback = await callbackUrlFrom(await startOAuth(client, provider));
          const all = callback.slice(path.length);
          const given = new URLSearchParams(all);
          const [code = "", state = ""] = [given.get("code")!, given.get("state")!];
          changeCookies(client);
          const response = await client.get(path + query({ code, state, all }));
          expect(response.status, what).toBeLessThan(500);
          const { location } = response.headers;
          if (location) expect(new URL(location, server.origin).origin, what).toBe(server.origin);
          expect(JSON.stringify(response.headers["set-cookie"] ?? []), what).not.toMatch(
            /evil\.example|a=b/,
          );
          const page = await client.follow(response);
          expect(page.status, what).toBeLessThan(500);
          expect(page.body, what).not.toMatch(/<script>alert|evil\.example|javascript:/);
          const isIn = client.jar.has("latchkey-session");
          expect(await db.sql`select 1 from users where email = ${email}`, what).toHaveLength(
            isIn ? 1 : 0,
          );
          if (isIn) signedIn.push(what);
        };
        const tried: string[] = [];
        // In part, each provider tries half of the cases.
        const isTried = (_: unknown, at: number) =>
          isWhole || at % 2 === Number(provider === "google");
        for (const [what, query] of Object.entries({ ...harmless, ...wrong }).filter(isTried)) {
          tried.push(what);
          await callBack(what, query);
        }
        for (const [what, changeCookies] of [
          ...Object.entries(cookies).filter(isTried),
          ...Object.entries(provider === "google" ? ofGoogle : {}),
        ]) {
          tried.push(`with ${what}`);
          await callBack(`with ${what}`, ({ all }) => all, changeCookies);
        }
        const foreignCookies = ["with Auth.js's own", "with Auth.js's own, malformed"];
        // The state is still Ada's; only on http could an attacker replace the attempt cookie.
        const ownState = ["with another's OAuth attempt"];
        const successful = [...Object.keys(harmless), ...foreignCookies, ...ownState];
        expect(signedIn.sort()).toEqual(tried.filter((what) => successful.includes(what)).sort());
        for (const { jar } of [mallory, trudy]) expect(jar.has("latchkey-session")).toBe(false);
      },
    );

for (const { extent, details, pairs } of extents)
  test(
    `a provider redirects to our origin, whatever the Host and forwarding headers are, ${extent}`,
    details,
    async ({ oidc, server, newClient, newAddress, inbox }) => {
      const forged = [
        { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" },
        { forwarded: "host=evil.example;proto=https", "x-original-host": "evil.example" },
        { "x-host": "evil.example", "x-forwarded-port": "1", "x-forwarded-prefix": "/evil" },
        { "x-rewrite-url": "/evil", "x-invoke-path": "/evil", "x-auth-return-redirect": "1" },
      ];
      const [ada, origins] = [newClient(), new Set<string>()];
      await ada.signIn(newAddress("ada"), inbox);
      for (const [headers, provider] of pairs(forged, ["google", "linkedin"] as const)) {
        setUser(oidc[provider], newAddress("leo"));
        const client = newClient();
        const name = provider === "google" ? "Google" : "LinkedIn";
        const started = await client.submit("/sign-in", `Continue with ${name}`, {}, headers);
        const url = await authorizationUrlOf(client, started);
        const asked = await ada.send("/api/v1/auth-providers/links", {
          method: "POST",
          body: JSON.stringify({ provider }),
          headers: { "content-type": "application/json", ...headers },
        });
        for (const to of [url, (JSON.parse(asked.body) as { url: string }).url])
          origins.add(new URL(to).searchParams.get("redirect_uri")!);
        const response = await client.send(await callbackUrlFrom(url), { headers });
        expect(client.whereTo(response)).toBe("/account");
        expect(client.jar.has("latchkey-session")).toBe(true);
        for (const { params } of oidc[provider].requests)
          if (params.redirect_uri) origins.add(params.redirect_uri);
      }
      expect([...origins].sort()).toEqual(
        ["google", "linkedin"].map((name) => `${server.origin}/api/auth/callback/${name}`),
      );
      // Under another name of this machine, the callback is redirected to our origin.
      const host = `127.0.0.1:${server.port}`;
      const callback = await callbackUrlFrom(await startOAuth(newClient(), "google"));
      const redirected = await send(server, callback, { headers: { host } });
      expect([redirected.status, redirected.headers.location]).toEqual([
        307,
        server.origin + callback,
      ]);
    },
  );
