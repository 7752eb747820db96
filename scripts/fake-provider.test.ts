import { type ChildProcess, fork, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import path from "node:path";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

const program = path.join(import.meta.dirname, "fake-provider.mjs");
const secret = "a-secret-for-tests";
const client = (id: string) => ({
  NODE_ENV: "test" as const,
  [`AUTH_${id.toUpperCase()}_ID`]: "app",
  [`AUTH_${id.toUpperCase()}_SECRET`]: secret,
});

interface FakeProvider {
  readonly id: string;
  readonly issuer: string;
  readonly process: ChildProcess;
  /** Its output on stdout and stderr. */
  readonly output: string[];
}

async function start(id: string): Promise<FakeProvider> {
  const child = fork(program, [id], { env: client(id), execArgv: [], silent: true });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => output.push(chunk.toString()));
  const [told] = (await once(child, "message")) as [{ issuer: string }];
  return { id, issuer: told.issuer, process: child, output };
}

async function stop({ process: child }: FakeProvider) {
  child.kill("SIGKILL");
  await once(child, "exit");
}

const basic = { authorization: `Basic ${Buffer.from(`app:${secret}`).toString("base64")}` };

type Form = Record<string, string>;
const ticked = { verified: "on" };
const verifier = "v".repeat(43);
const challenge = {
  code_challenge: createHash("sha256").update(verifier).digest("base64url"),
  code_challenge_method: "S256",
};

/** A browser that an app sent to a fake provider. */
class Visit {
  readonly #jar = new Map<string, string>();
  #at = "";

  constructor(readonly to: FakeProvider) {}

  get callback() {
    return `http://localhost:4321/api/auth/callback/${this.to.id}`;
  }

  async discover() {
    const response = await fetch(`${this.to.issuer}/.well-known/openid-configuration`);
    return (await response.json()) as Record<string, string> & Record<string, string[]>;
  }

  async #go(address: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.#jar].map((pair) => pair.join("=")).join("; ");
    const response = await fetch(address, { ...init, redirect: "manual", headers: { cookie } });
    for (const header of response.headers.getSetCookie()) {
      const [name = "", value = ""] = (header.split(";")[0] ?? "").split("=");
      this.#jar.set(name, value);
    }
    const next = response.headers.get("location");
    this.#at = new URL(next ?? "", address).href;
    return next && this.#at.startsWith(this.to.issuer) ? this.#go(this.#at) : response;
  }

  /** Opens the authorization URL and follows redirects, up to the page or the callback. */
  async open(asked: Form = {}): Promise<Response> {
    const { authorization_endpoint: endpoint } = await this.discover();
    const parameters = new URLSearchParams({
      client_id: "app",
      response_type: "code",
      redirect_uri: this.callback,
      scope: "openid profile email",
      state: "as-sent",
      ...asked,
    });
    return this.#go(`${endpoint}?${parameters}`);
  }

  /** Sends a form of the page; returns the parameters of the callback. */
  async send(form: Form): Promise<URLSearchParams> {
    await this.#go(this.#at, { method: "POST", body: new URLSearchParams(form) });
    return this.calledBack();
  }

  calledBack(): URLSearchParams {
    const { origin, pathname, searchParams } = new URL(this.#at);
    expect(origin + pathname).toBe(this.callback);
    return searchParams;
  }

  async redeem(code: string, sent: Form = {}, headers: Form = {}) {
    const { token_endpoint: endpoint } = await this.discover();
    const response = await fetch(endpoint!, {
      method: "POST",
      headers,
      body: new URLSearchParams({
        grant_type: "authorization_code",
        code,
        redirect_uri: this.callback,
        ...(!("authorization" in headers) && { client_id: "app", client_secret: secret }),
        ...sent,
      }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  }

  async read(idToken: string) {
    const { jwks_uri: keys } = await this.discover();
    const jwks = createLocalJWKSet((await (await fetch(keys!)).json()) as JSONWebKeySet);
    return jwtVerify(idToken, jwks, { issuer: this.to.issuer, audience: "app" });
  }

  async userinfo(accessToken: string) {
    const { userinfo_endpoint: endpoint } = await this.discover();
    const response = await fetch(endpoint!, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    return (await response.json()) as Record<string, unknown>;
  }

  /** All steps of a sign-in. */
  async signIn(form: Form, asked: Form = {}, sent: Form = {}) {
    await this.open(asked);
    const { status, body } = await this.redeem((await this.send(form)).get("code") ?? "", sent);
    expect(status, JSON.stringify(body)).toBe(200);
    const { payload, protectedHeader } = await this.read(body["id_token"]!);
    return { claims: payload, header: protectedHeader, accessToken: body["access_token"]! };
  }
}

const fakeProviders: Record<string, FakeProvider> = {};
beforeAll(async () => {
  for (const one of await Promise.all([start("google"), start("linkedin")]))
    fakeProviders[one.id] = one;
});
afterAll(() => Promise.all(Object.values(fakeProviders).map(stop)));

const visit = (id: string) => new Visit(fakeProviders[id]!);
const textOf = async (response: Response) => (await response.text()).replace(/\s+/g, " ");

describe.each([
  { id: "google", name: "Google", path: "", number: /^\d{21}$/ },
  { id: "linkedin", name: "LinkedIn", path: "/oauth", number: /^[0-9a-z]{10}$/ },
])("the fake $name", ({ id, name, path, number }) => {
  it("publishes its metadata at its issuer", async () => {
    const { issuer, scopes_supported, id_token_signing_alg_values_supported } =
      await visit(id).discover();
    expect(issuer).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:\\d+${path}$`));
    expect(issuer).toBe(fakeProviders[id]!.issuer);
    expect(scopes_supported).toEqual(["openid", "profile", "email"]);
    expect(id_token_signing_alg_values_supported).toEqual(["RS256"]);
  });

  it("returns the typed user in a signed ID token", async () => {
    const nina = visit(id);
    await nina.open();
    const back = await nina.send({ email: "nina@example.com", ...ticked });
    expect(back.get("state")).toBe("as-sent");
    const { body } = await nina.redeem(back.get("code")!);
    const { payload, protectedHeader } = await nina.read(body["id_token"]!);
    expect(protectedHeader.alg).toBe("RS256");
    expect(payload).toMatchObject({ email: "nina@example.com", name: "nina" });
    expect(payload.sub).toMatch(number);
  });

  it("has a page without script that says what it is", async () => {
    const response = await visit(id).open();
    const policy = response.headers.get("content-security-policy")!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/script-src|unsafe/);
    const page = await textOf(response);
    expect(page).toContain(`<h1>Fake ${name} on this machine: no password needed</h1>`);
    expect(page).not.toContain("<script");
  });

  it("asks for the user at each visit", async () => {
    const nina = visit(id);
    await nina.signIn({ person: "0" });
    expect(await textOf(await nina.open())).toContain("Who are you?");
    expect(await textOf(await nina.open({ prompt: "select_account" }))).toContain("Who are you?");
    await nina.open({ prompt: "none" });
    expect(nina.calledBack().get("error")).toBe("login_required");
  });

  it("completes a sign-in that requested its account chooser", async () => {
    const { claims } = await visit(id).signIn({ person: "0" }, { prompt: "select_account" });
    expect(claims["email"]).toMatch(/^ada@/);
  });

  it("gives an address the same account number after a restart and in any spelling", async () => {
    const numberOf = async (to: FakeProvider, email: string) =>
      (await new Visit(to).signIn({ email })).claims.sub;
    const first = await numberOf(fakeProviders[id]!, "nina@example.com");
    const again = await start(id);
    try {
      expect(await numberOf(again, " Nina@Example.com ")).toBe(first);
      expect(await numberOf(again, "nora@example.com")).not.toBe(first);
    } finally {
      await stop(again);
    }
  });

  it("uses an account number that is typed", async () => {
    const { claims } = await visit(id).signIn({ email: "nina@example.com", number: "4711" });
    expect(claims).toMatchObject({ sub: "4711", email: "nina@example.com" });
  });

  it("returns no email claims for a user without an address", async () => {
    const { claims, accessToken } = await visit(id).signIn({ email: "", ...ticked });
    const userinfo = await visit(id).userinfo(accessToken);
    for (const returned of [claims, userinfo])
      expect(Object.keys(returned).filter((name) => name.startsWith("email"))).toEqual([]);
    expect(claims.sub).toMatch(number);
  });

  it("returns no address when the app does not request the email scope", async () => {
    const { claims } = await visit(id).signIn({ person: "0" }, { scope: "openid" });
    expect(claims).not.toHaveProperty("email");
  });

  it("denies access to an app that requests no scope", async () => {
    const nina = visit(id);
    await nina.open({ scope: "" });
    expect((await nina.send({ person: "0" })).get("error")).toBe("access_denied");
  });

  it.each([
    "http://localhost:3000/api/auth/callback/",
    "http://127.0.0.1/api/auth/callback/",
    "http://[::1]:3000/api/auth/callback/",
    "http://app.localhost:9999/api/auth/callback/",
  ])("redirects to any server of this machine: %s", async (callback) => {
    const response = await visit(id).open({ redirect_uri: callback + id });
    expect(await textOf(response)).toContain("Who are you?");
    // A content security policy cannot name an IPv6 address.
    const back = callback.includes("[") ? "http:" : new URL(callback).origin;
    const policy = response.headers.get("content-security-policy");
    expect(policy).toMatch(new RegExp(`form-action 'self' ${back}$`));
  });

  it.each([
    "https://evil.example/api/auth/callback/{id}",
    "http://localhost.evil.example/api/auth/callback/{id}",
    "http://localhost:3000/api/auth/callback/{id}/more",
    "http://localhost:3000/api/auth/callback/{id}?more",
    "http://localhost:3000/api/auth/callback/github",
    "http://localhost:3000/",
    "http://nina@localhost:3000/api/auth/callback/{id}",
  ])("refuses any other redirect URI: %s", async (callback) => {
    const response = await visit(id).open({ redirect_uri: callback.replace("{id}", id) });
    expect(response.status).toBe(400);
    expect(await textOf(response)).toContain(
      "redirect_uri did not match any of the client&#39;s registered redirect_uris",
    );
  });

  it("refuses an unknown client, a wrong secret and a used code", async () => {
    expect((await visit(id).open({ client_id: "another" })).status).toBe(400);
    const nina = visit(id);
    await nina.open();
    const code = (await nina.send({ person: "0" })).get("code")!;
    expect(await nina.redeem(code, { client_secret: "wrong" })).toMatchObject({
      status: 401,
      body: { error: "invalid_client" },
    });
    expect((await nina.redeem(code)).status).toBe(200);
    expect(await nina.redeem(code)).toMatchObject({
      status: 400,
      body: { error: "invalid_grant" },
    });
  });

  it("reports that a visit is over", async () => {
    const nina = visit(id);
    await nina.open();
    const response = await fetch(`${fakeProviders[id]!.issuer}/interaction/gone`);
    expect(response.status).toBe(400);
    expect(await textOf(response)).toContain("This visit is over.");
  });

  it("listens on 127.0.0.1 and nowhere else", async () => {
    const { port } = new URL(fakeProviders[id]!.issuer);
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .map(({ address, scopeid }) => (scopeid ? `${address}%${scopeid}` : address))
      .filter((address) => address !== "127.0.0.1");
    if (process.platform === "linux") others.push("127.0.0.2");
    const reached = async (host: string) => {
      const socket = connect({ host, port: Number(port) });
      const connected = once(socket, "connect").then(
        () => true,
        () => false,
      );
      return connected.finally(() => socket.destroy());
    };
    expect(await reached("127.0.0.1")).toBe(true);
    expect(others.length).toBeGreaterThan(0);
    for (const other of others) expect(await reached(other), other).toBe(false);
  });

  it("prints nothing during a normal sign-in", async () => {
    await visit(id).signIn({ person: "0" });
    expect(fakeProviders[id]!.output.join("")).toBe("");
  });
});

describe("the fake Google", () => {
  it("has the users that its buttons name", async () => {
    expect(await buttonsOf("google")).toEqual([
      "Continue as ada@gmail.com",
      "Continue as ada@example.com",
      "Continue as leo@corp.example",
      "Continue as unverified@example.com",
      "Continue without an email",
      "Continue as somebody else",
      "Cancel",
    ]);
    const users = await Promise.all(
      ["0", "1", "2", "3", "4"].map(async (person) => {
        const { email, email_verified, hd } = (await visit("google").signIn({ person })).claims;
        return [email, email_verified, hd];
      }),
    );
    expect(users).toEqual([
      ["ada@gmail.com", true, undefined],
      ["ada@example.com", true, undefined],
      ["leo@corp.example", true, "corp.example"],
      ["unverified@example.com", false, undefined],
      [undefined, undefined, undefined],
    ]);
  });

  it("returns the typed workspace, and whether the address is verified", async () => {
    const typed = { email: "nina@corp.example", hd: "corp.example" };
    const { claims, accessToken } = await visit("google").signIn({ ...typed, ...ticked });
    expect(claims).toMatchObject({ ...typed, email_verified: true });
    expect(await visit("google").userinfo(accessToken)).toMatchObject({ email_verified: true });
    const { claims: unverified } = await visit("google").signIn(typed);
    expect(unverified["email_verified"]).toBe(false);
  });

  it("returns the nonce in the ID token", async () => {
    const { claims } = await visit("google").signIn({ person: "0" }, { nonce: "as-sent" });
    expect(claims["nonce"]).toBe("as-sent");
  });

  it("requires the verifier for a code with a challenge", async () => {
    await visit("google").signIn({ person: "0" }, challenge, { code_verifier: verifier });
    const wrongVerifiers: Form[] = [{}, { code_verifier: "w".repeat(43) }];
    for (const wrong of wrongVerifiers) {
      const mallory = visit("google");
      await mallory.open(challenge);
      const code = (await mallory.send({ person: "0" })).get("code")!;
      expect(await mallory.redeem(code, wrong)).toMatchObject({
        status: 400,
        body: { error: "invalid_grant" },
      });
    }
  });

  it("accepts the client secret in the body or in a header", async () => {
    const nina = visit("google");
    expect((await nina.discover())["token_endpoint_auth_methods_supported"]).toEqual([
      "client_secret_basic",
      "client_secret_post",
    ]);
    for (const headers of [{}, basic]) {
      await nina.open();
      const code = (await nina.send({ person: "0" })).get("code")!;
      expect((await nina.redeem(code, {}, headers)).status).toBe(200);
    }
  });

  it("reports a cancelled sign-in as access_denied", async () => {
    const nina = visit("google");
    await nina.open();
    const back = await nina.send({ cancel: "yes" });
    expect(back.get("error")).toBe("access_denied");
    expect(back.get("state")).toBe("as-sent");
    expect(back.has("code")).toBe(false);
  });
});

describe("the fake LinkedIn", () => {
  it("has the users that its buttons name", async () => {
    expect(await buttonsOf("linkedin")).toEqual([
      "Continue as ada@example.com",
      "Continue as ada@gmail.com",
      "Continue as unverified@example.com",
      "Continue without an email",
      "Continue as somebody else",
      "Cancel",
    ]);
    const users = await Promise.all(
      ["0", "1", "2", "3"].map(async (person) => {
        const { email, email_verified } = (await visit("linkedin").signIn({ person })).claims;
        return [email, email_verified];
      }),
    );
    expect(users).toEqual([
      ["ada@example.com", "true"],
      ["ada@gmail.com", "true"],
      ["unverified@example.com", "false"],
      [undefined, undefined],
    ]);
  });

  it.each([
    { typed: ticked, verified: true },
    { typed: {}, verified: false },
  ])(
    "returns email_verified as text in the ID token and as a boolean elsewhere: $verified",
    async ({ typed, verified }) => {
      const email = "nina@example.com";
      const { claims, accessToken } = await visit("linkedin").signIn({ email, ...typed });
      expect(claims).toMatchObject({ email, email_verified: String(verified) });
      const userinfo = await visit("linkedin").userinfo(accessToken);
      expect(userinfo).toMatchObject({ email, email_verified: verified });
      expect(userinfo["sub"]).toBe(claims.sub);
    },
  );

  it("has no workspaces", async () => {
    const { claims } = await visit("linkedin").signIn({ email: "nina@a.example", hd: "a.example" });
    expect(claims).not.toHaveProperty("hd");
    expect(await textOf(await visit("google").open())).toContain("Workspace domain (hd)");
    expect(await textOf(await visit("linkedin").open())).not.toContain("Workspace");
  });

  it("returns no nonce", async () => {
    const { claims } = await visit("linkedin").signIn({ person: "0" }, { nonce: "as-sent" });
    expect(claims).not.toHaveProperty("nonce");
  });

  it("ignores a challenge and refuses its verifier", async () => {
    const nina = visit("linkedin");
    expect(await nina.discover()).not.toHaveProperty("code_challenge_methods_supported");
    for (const asked of [challenge, {}]) {
      await nina.open(asked);
      const code = (await nina.send({ person: "0" })).get("code")!;
      expect(await nina.redeem(code, { code_verifier: verifier })).toMatchObject({
        status: 400,
        body: { error: "invalid_request" },
      });
      expect((await nina.redeem(code)).status).toBe(200);
    }
  });

  it("accepts the client secret only in the body", async () => {
    const nina = visit("linkedin");
    expect((await nina.discover())["token_endpoint_auth_methods_supported"]).toEqual([
      "client_secret_post",
    ]);
    await nina.open();
    const code = (await nina.send({ person: "0" })).get("code")!;
    expect(await nina.redeem(code, {}, basic)).toMatchObject({
      status: 400,
      body: { error: "invalid_request" },
    });
    expect((await nina.redeem(code)).status).toBe(200);
  });

  it("reports a cancelled sign-in as user_cancelled_login", async () => {
    const nina = visit("linkedin");
    await nina.open();
    const back = await nina.send({ cancel: "yes" });
    expect(back.get("error")).toBe("user_cancelled_login");
    expect(back.get("state")).toBe("as-sent");
  });

  it("sends no issuer with the callback", async () => {
    const nina = visit("linkedin");
    expect(await nina.discover()).not.toHaveProperty(
      "authorization_response_iss_parameter_supported",
    );
    await nina.open();
    expect([...(await nina.send({ person: "0" })).keys()].sort()).toEqual(["code", "state"]);
    await nina.open();
    expect((await nina.send({ cancel: "yes" })).has("iss")).toBe(false);
  });
});

async function buttonsOf(id: string) {
  const page = await textOf(await visit(id).open());
  return [...page.matchAll(/<button[^>]*>([^<]*)/g)].map(([, text]) => text);
}

describe("the process of a fake provider", { tags: ["long"] }, () => {
  const running: ChildProcess[] = [];
  afterEach(() => running.splice(0).forEach((child) => child.kill()));

  function run(args: string[], env: NodeJS.ProcessEnv) {
    const child = spawn(process.execPath, [program, ...args], { env });
    running.push(child);
    return child;
  }

  const ends = async (child: ChildProcess) => {
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    return { code, signal, output };
  };

  it("prints its issuer when started by hand, and ends on SIGTERM", async () => {
    const child = run(["google"], client("google"));
    const ended = ends(child);
    const [chunk] = (await once(child.stdout, "data")) as [Buffer];
    const issuer = chunk.toString().trim();
    await new Visit({ id: "google", issuer, process: child, output: [] }).signIn({ person: "0" });
    child.kill();
    expect(await ended).toEqual({ code: null, signal: "SIGTERM", output: `${issuer}\n` });
  });

  it("listens on its PORT, and reports when the port is in use", async () => {
    const { port } = new URL(fakeProviders["google"]!.issuer);
    const env = { ...client("linkedin"), PORT: port };
    const { code, output } = await ends(run(["linkedin"], env));
    expect({ code, output }).toEqual({
      code: 1,
      output: `listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`,
    });
    const own = await start("google");
    await stop(own);
    const child = run(["linkedin"], { ...client("linkedin"), PORT: new URL(own.issuer).port });
    const ended = ends(child);
    const [chunk] = (await once(child.stdout, "data")) as [Buffer];
    child.kill();
    await ended;
    expect(chunk.toString().trim()).toBe(`${own.issuer}/oauth`);
  });

  it.each([
    { args: ["google"], says: "Set AUTH_GOOGLE_ID and AUTH_GOOGLE_SECRET.\n" },
    { args: [], says: "Say which: node scripts/fake-provider.mjs google|linkedin\n" },
    { args: ["github"], says: "Say which: node scripts/fake-provider.mjs google|linkedin\n" },
  ])("reports missing input in one line: $args", async ({ args, says }) => {
    expect(await ends(run(args, { NODE_ENV: "test" }))).toMatchObject({ code: 1, output: says });
  });

  it("ends when its parent is killed", async () => {
    const parent = spawn(process.execPath, [
      "--input-type=module",
      "-e",
      `import { fork } from "node:child_process";
       const child = fork(${JSON.stringify(program)}, ["google"], {
         env: ${JSON.stringify(client("google"))}, execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
       child.on("message", ({ issuer }) => console.log(issuer));`,
    ]);
    // Both processes hold the pipe, so "close" means that both have ended.
    const closed = once(parent, "close");
    await once(parent.stdout, "data");
    parent.kill("SIGKILL");
    await closed;
  });

  it("survives Ctrl-C and a stop of the whole group, because the server must end first", async () => {
    const one = await start("google");
    for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const) one.process.kill(signal);
    expect((await new Visit(one).discover())["issuer"]).toBe(one.issuer);
    await stop(one);
  });
});
