import { createAuthJsOAuth } from "@/lib/web/authjs";
import { describe, expect, it } from "vitest";
import type { OidcClient, World } from "@/lib/runtime/ports";
import { setWorld } from "@/lib/runtime/world";
import { lifetimes } from "@/lib/core/policy";
import { ok } from "@/lib/core/result";
import { setUpWorld } from "@/test/support/setup";
import { createApiHandler } from "./handler";

/** The JSON API as a program or a page of another site meets it, on a database. */

const world = await setUpWorld({ AUTH_GOOGLE_ID: "id", AUTH_GOOGLE_SECRET: "secret" });

interface Cookie {
  readonly value: string;
  readonly attributes: readonly string[];
}

interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** A program with a cookie jar. What is to happen after its responses waits for `settleTasks`. */
class Program {
  readonly jar = new Map<string, string>();
  readonly tasks: (() => unknown)[] = [];

  constructor(readonly world: World) {}

  async ask(path: string, { method, body, headers }: Asked = {}) {
    const handle = createApiHandler(this.world, (task) => void this.tasks.push(task));
    const cookie = [...this.jar].map((pair) => pair.join("=")).join("; ");
    const response = await handle(
      new Request(`http://localhost:3000/api/v1/${path}`, {
        method: method ?? (body === undefined ? "GET" : "POST"),
        ...(body !== undefined && { body: JSON.stringify(body) }),
        headers: {
          ...(body !== undefined && { "content-type": "application/json" }),
          ...(cookie && { cookie }),
          ...headers,
        },
      }),
    );
    const cookies = cookiesOf(response);
    for (const [name, { value, attributes }] of cookies)
      if (attributes.includes("Max-Age=0")) this.jar.delete(name);
      else this.jar.set(name, value);
    return { response, cookies, status: response.status, text: await response.text() };
  }

  async settleTasks() {
    for (const task of this.tasks.splice(0)) await task();
  }

  async signIn(email: string) {
    await this.ask("magic-links", { body: { email } });
    const { code } = await world.letterTo(email);
    const httpResponse = await this.ask("sessions", { body: { email, code } });
    await this.settleTasks();
    return httpResponse;
  }
}

const cookiesOf = ({ headers }: Response) =>
  new Map(
    headers.getSetCookie().map((client): [string, Cookie] => {
      const [pair = "", ...attributes] = client.split("; ");
      const [name = "", value = ""] = pair.split(/=(.*)/s);
      return [name, { value, attributes }];
    }),
  );

const codeOf = ({ text }: { text: string }) => (JSON.parse(text) as { code: string }).code;

describe("signing in", () => {
  it("sets cookies that scripts cannot read, each with its lifetime", async () => {
    const ada = new Program(world);
    const asked = await ada.ask("magic-links", {
      body: { email: "ada@example.com", remember: true },
    });
    expect(asked).toMatchObject({ status: 202, text: "" });
    const flags = ["HttpOnly", "SameSite=lax"];
    const cookie = (maxAge: number) => ({
      value: expect.stringMatching(/^[\w-]{43}$/) as string,
      attributes: ["Path=/", `Max-Age=${maxAge}`, ...flags],
    });
    expect([...asked.cookies]).toEqual([
      ["latchkey-mail_request", cookie(lifetimes.requestingBrowser)],
    ]);

    const { code } = await world.letterTo("ada@example.com");
    const signedIn = await ada.ask("sessions", { body: { email: "ada@example.com", code } });
    expect(signedIn).toMatchObject({ status: 201, text: '{"next":"/account"}' });
    expect(Object.fromEntries(signedIn.cookies)).toEqual({
      "latchkey-session": cookie(lifetimes.rememberedSession),
      "latchkey-device": cookie(lifetimes.knownDevice),
      "latchkey-method": { ...cookie(lifetimes.lastMethod), value: "magic_link" },
    });
    await ada.settleTasks();

    const { text } = await ada.ask("session?a=b");
    const { session } = JSON.parse(text) as { session: Record<string, string> };
    const before = (seconds: number) => Date.parse(session.endsAt!) - seconds * 1000;
    expect(session).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      userId: await world.userIdOf("ada@example.com"),
      email: "ada@example.com",
      method: "magic_link",
      authenticatedAt: new Date(before(lifetimes.rememberedSession)).toISOString(),
      endsAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    });
    const signedOut = await ada.ask("session", { method: "DELETE" });
    expect(signedOut).toMatchObject({ status: 204, text: "" });
    expect(signedOut.cookies.get("latchkey-session")).toEqual({
      value: "",
      attributes: ["Path=/", "Max-Age=0", ...flags],
    });
    expect((await ada.ask("session")).text).toBe('{"session":null}');
  });

  it("leads where the operator has set, unless the request names a page", async () => {
    const where = world.with({ env: { ...world.env, afterSignIn: "/start" } });
    for (const [next, expected] of [
      [undefined, "/start"],
      ["//evil.example", "/start"],
      ["/app", "/app"],
    ]) {
      const ada = new Program(where);
      await ada.ask("magic-links", { body: { email: "ada@example.com", next } });
      const { code } = await world.letterTo("ada@example.com");
      const { text } = await ada.ask("sessions", { body: { email: "ada@example.com", code } });
      expect(JSON.parse(text)).toEqual({ next: expected });
      await ada.settleTasks();
    }
  });

  it("sets cookies on https that only this host can have set", async () => {
    const origin = new URL("https://account.example.com");
    const ada = new Program(world.with({ env: { ...world.env, origin } }));
    const { cookies } = await ada.ask("magic-links", { body: { email: "ada@example.com" } });
    expect(cookies.get("__Host-mail_request")?.attributes).toEqual([
      "Path=/",
      `Max-Age=${lifetimes.requestingBrowser}`,
      "Secure",
      "HttpOnly",
      "SameSite=lax",
    ]);
  });

  it("settles what a page was to be told of an attempt before, and a refusal does not", async () => {
    const ada = new Program(world);
    ada.jar.set("latchkey-flash", "x");
    const refused = await ada.ask("sessions", { body: { email: "ada@example.com", code: "1" } });
    expect(refused.status).toBe(400);
    expect(ada.jar.has("latchkey-flash")).toBe(true);
    await ada.ask("magic-links", { body: { email: "ada@example.com" } });
    expect(ada.jar.has("latchkey-flash")).toBe(false);
  });

  it("wakes the courier after the response, and not before", async () => {
    let woken = 0;
    const ada = new Program(world.with({ wakeCourier: () => void (woken += 1) }));
    await ada.ask("magic-links", { body: { email: "ada@example.com" } });
    expect(woken).toBe(0);
    await ada.settleTasks();
    expect(woken).toBe(1);
  });

  it("is on record with the address that the request gate wrote and with the browser's name", async () => {
    const headers = {
      "x-forwarded-for": "2001:DB8::0007",
      "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    };
    await new Program(world).ask("magic-links", { body: { email: "ada@example.com" }, headers });
    expect(await world.audit()).toEqual([
      expect.objectContaining({ ip: "2001:db8::7", browser: "firefox/linux" }),
    ]);
  });

  it("is limited as on pages, and the response says when to try again", async () => {
    const ada = new Program(world);
    await ada.ask("magic-links", { body: { email: "ada@example.com" } });
    const again = await ada.ask("magic-links", { body: { email: "ada@example.com" } });
    expect([again.status, codeOf(again)]).toEqual([429, "resend_too_soon"]);
    const { retryAfter } = JSON.parse(again.text) as { retryAfter: number };
    expect(again.response.headers.get("retry-after")).toBe(String(retryAfter));
    expect(retryAfter).toBeGreaterThan(0);
    expect(again.cookies.size).toBe(0);
  });
});

describe("a page of another site", () => {
  const foreign: Record<string, string>[] = [
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "http://localhost:1" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "none" },
    { origin: "https://evil.example", "sec-fetch-site": "same-origin" },
  ];

  it.each(foreign)("changes nothing: %j", async (headers) => {
    const ada = new Program(world);
    await ada.signIn("ada@example.com");
    for (const [path, asked] of [
      ["session", { method: "DELETE" }],
      ["sessions", { method: "DELETE" }],
      ["magic-links", { body: { email: "leo@example.com" } }],
      ["password", { method: "PUT", body: { password: "four unrelated words here" } }],
    ] as const) {
      const { status, cookies, ...httpResponse } = await ada.ask(path, { ...asked, headers });
      expect([status, codeOf(httpResponse), cookies.size], path).toEqual([403, "cross_site", 0]);
    }
    expect((await ada.ask("session")).text).toContain("ada@example.com");
  });

  it("is told apart from our own pages and from programs", async () => {
    for (const headers of [
      {},
      { origin: "http://localhost:3000" },
      { "sec-fetch-site": "same-origin" },
    ]) {
      const { status } = await new Program(world).ask("magic-links", {
        body: { email: "ada@example.com" },
        headers: { ...headers, "x-forwarded-for": `192.0.2.${Object.keys(headers).length}` },
      });
      expect(status).toBe(202);
      await world.reset();
    }
  });

  it("cannot end a session by a parameter that a session's id is not", async () => {
    const ada = new Program(world);
    await ada.signIn("ada@example.com");
    for (const id of ["x", "%00", "..%2f..%2fsession", "00000000-0000-4000-8000-000000000000"]) {
      const httpResponse = await ada.ask(`sessions/${id}`, { method: "DELETE" });
      expect([httpResponse.status, codeOf(httpResponse)], id).toEqual([404, "not_found"]);
    }
  });
});

describe("starting to link a provider", () => {
  /** Google, as far as a start asks it: its own description. */
  const client = (changes: Partial<OidcClient> = {}): OidcClient => ({
    fetch: async () =>
      Response.json({
        issuer: "https://accounts.google.com",
        authorization_endpoint: "https://accounts.google.com/o/oauth2/v2/auth",
        token_endpoint: "https://oauth2.googleapis.com/token",
        jwks_uri: "https://www.googleapis.com/oauth2/v3/certs",
      }),
    lastError: () => null,
    verify: async () => ok({}),
    ...changes,
  });

  const startLinking = async (changes?: Partial<OidcClient>) => {
    const self = world.with({
      oauth: createAuthJsOAuth({ ...world, createOidcClient: () => client(changes) }),
    });
    setWorld(self);
    const ada = new Program(self);
    await ada.signIn("ada@example.com");
    return { ada, ...(await ada.ask("auth-providers/links", { body: { provider: "google" } })) };
  };

  it("returns Google's address, and sets the cookies by which this browser alone comes back", async () => {
    const { status, text, cookies, ada } = await startLinking();
    expect(status, text).toBe(201);
    const url = new URL((JSON.parse(text) as { url: string }).url);
    expect(url.origin + url.pathname).toBe("https://accounts.google.com/o/oauth2/v2/auth");
    expect(url.searchParams.get("redirect_uri")).toBe(
      "http://localhost:3000/api/auth/callback/google",
    );
    for (const name of ["state", "code_challenge", "nonce"])
      expect(url.searchParams.get(name), name).toMatch(/^[\w.-]{40,}$/);
    const attempts = [...ada.jar.keys()].filter((name) => /oauth/.test(name));
    expect(attempts).toEqual([expect.stringMatching(/^latchkey-oauth_attempt-google-[\w-]{16}$/)]);
    // Our token, and what Auth.js compares the state, the verifier and the nonce with.
    expect(ada.jar.get(attempts[0]!)).toMatch(/^[\w-]{43}(~[\w.-]{300,}){3}$/);
    expect(cookies.get(attempts[0]!)?.attributes).toEqual(
      expect.arrayContaining(["Path=/", "HttpOnly", "SameSite=lax"]),
    );
    await ada.settleTasks();
  });

  it("ends at once, cookies and all, where Google does not answer", async () => {
    const { status, text, ada } = await startLinking({
      fetch: () => Promise.reject(new TypeError("fetch failed")),
      lastError: () => "timeout",
    });
    expect([status, codeOf({ text })]).toEqual([503, "provider_unavailable"]);
    expect([...ada.jar.keys()].filter((name) => /oauth/.test(name))).toEqual([]);
    expect(await world.audit()).toContainEqual(
      expect.objectContaining({
        event: "oauth.start_linking",
        outcome: "provider_unavailable",
        cause: "google:timeout",
      }),
    );
    await ada.settleTasks();
  });
});
