import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Failure } from "./run.mjs";
import { startFakeProviders } from "./fake-providers.mjs";

const here = { AUTH_URL: "http://localhost:3000" };
const google = ["AUTH_GOOGLE_ID", "AUTH_GOOGLE_SECRET", "AUTH_GOOGLE_ISSUER"];
const linkedin = ["AUTH_LINKEDIN_ID", "AUTH_LINKEDIN_SECRET", "AUTH_LINKEDIN_ISSUER"];

let home: string;
let stops: (() => Promise<void>)[];
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), "latchkey-fake-providers-"));
  stops = [];
});
afterEach(async () => {
  for (const stop of stops) await stop();
  rmSync(home, { recursive: true, force: true });
});

type Options = Parameters<typeof startFakeProviders>[1];

async function start(env: Record<string, string>, options?: Options) {
  const started = await startFakeProviders(env, options);
  stops.push(started.stop);
  return { ...started, env: started.env as Record<string, string> };
}

/** A program to run instead of the fake provider. */
function program(text: string) {
  const file = path.join(home, "program.mjs");
  writeFileSync(file, text);
  return file;
}

describe("on a local origin", () => {
  it("both fake providers start, and the server gets their issuers", async () => {
    const { names, env } = await start(here);
    expect(names).toEqual(["Google", "LinkedIn"]);
    expect(Object.keys(env)).toEqual([...google, ...linkedin]);
    for (const issuer of [env["AUTH_GOOGLE_ISSUER"], env["AUTH_LINKEDIN_ISSUER"]]) {
      const response = await fetch(`${issuer}/.well-known/openid-configuration`);
      expect(((await response.json()) as { issuer: string }).issuer).toBe(issuer);
    }
  });

  it("a fake provider accepts only the client secret that the server gets", async () => {
    const { env } = await start({ ...here, SIGN_IN_METHODS: "google" });
    const ask = async (secret = "") => {
      const response = await fetch(`${env["AUTH_GOOGLE_ISSUER"]}/token`, {
        method: "POST",
        body: new URLSearchParams({
          grant_type: "authorization_code",
          redirect_uri: "http://localhost/api/auth/callback/google",
          code: "unknown",
          client_id: env["AUTH_GOOGLE_ID"]!,
          client_secret: secret,
        }),
      });
      return ((await response.json()) as { error: string }).error;
    };
    expect(await ask(env["AUTH_GOOGLE_SECRET"])).toBe("invalid_grant");
    expect(await ask("another")).toBe("invalid_client");
  });

  it("every start uses new secrets", async () => {
    const echo = program(`process.send({ issuer: "here" }); process.on("message", () => {});`);
    const secrets = await Promise.all(
      [1, 2].map(async () => {
        const { env } = await start(here, { program: echo });
        return [env["AUTH_GOOGLE_SECRET"], env["AUTH_LINKEDIN_SECRET"]];
      }),
    );
    expect(new Set(secrets.flat()).size).toBe(4);
    for (const secret of secrets.flat()) expect(secret).toMatch(/^[\w-]{43}$/);
  });

  it.each(google)("no fake Google starts when %s is set", async (name) => {
    const { names, env } = await start({ ...here, [name]: "a real one" });
    expect(names).toEqual(["LinkedIn"]);
    expect(Object.keys(env)).toEqual(linkedin);
  });

  it.each(linkedin)("no fake LinkedIn starts when %s is set", async (name) => {
    const { names, env } = await start({ ...here, [name]: "a real one" });
    expect(names).toEqual(["Google"]);
    expect(Object.keys(env)).toEqual(google);
  });

  it.each([
    { methods: "magic_link,password", names: [] },
    { methods: "magic_link, linkedin", names: ["LinkedIn"] },
    { methods: "google", names: ["Google"] },
    { methods: "linkedin,google", names: ["Google", "LinkedIn"] },
  ])("only the providers among $methods start", async ({ methods, names }) => {
    expect((await start({ ...here, SIGN_IN_METHODS: methods })).names).toEqual(names);
  });

  it("a fake provider gets only its client from the server's environment", async () => {
    const echo = program(
      `process.send({ issuer: Object.keys(process.env).join() }); process.on("message", () => {});`,
    );
    const env = { ...here, PORT: "3000", AUTH_SECRET: "s".repeat(43), RESEND_API_KEY: "canary" };
    const started = await start(env, { program: echo });
    expect(started.env["AUTH_GOOGLE_ISSUER"]).toBe("AUTH_GOOGLE_ID,AUTH_GOOGLE_SECRET");
  });
});

it.each([
  "https://account.example.com",
  "http://192.168.1.5:3000",
  "https://localhost.example.com",
])("no fake provider starts on a public origin: %s", async (AUTH_URL) => {
  const { names, env } = await start({ AUTH_URL });
  expect({ names, env }).toEqual({ names: [], env: {} });
});

it.each(["0.0.0.0", "::", "192.168.1.5"])(
  "no fake provider starts for a server that others on the network reach: %s",
  async (HOST) => expect((await start({ ...here, HOST })).names).toEqual([]),
);

it("fake providers start for a server on any loopback address", async () => {
  const echo = program(`process.send({ issuer: "here" }); process.on("message", () => {});`);
  const settings = { ...here, HOST: "::1", SIGN_IN_METHODS: "google" };
  expect((await start(settings, { program: echo })).names).toEqual(["Google"]);
});

describe("a fake provider that fails", () => {
  let wire: Server;
  beforeEach(async () => {
    wire = createServer().listen(0, "127.0.0.1");
    await once(wire, "listening");
  });
  afterEach(async () => {
    wire.close();
    await once(wire, "close");
  });
  const portOf = (server: Server) => (server.address() as AddressInfo).port;

  it("at its start is reported in one line, and the other one is stopped", async () => {
    const connected = once(wire, "connection") as Promise<[Socket]>;
    const googleExits = program(`
      import { connect } from "node:net";
      if (process.argv[2] === "google") process.exit(3);
      connect(${portOf(wire)}, "127.0.0.1", () => process.send({ issuer: "here" }));`);
    const starting = start(here, { program: googleExits });
    await expect(starting).rejects.toThrow(
      new Failure("The fake Google did not start: it ended with exit code 3."),
    );
    const [other] = await connected;
    if (!other.destroyed) await once(other.on("error", () => {}).resume(), "close");
  });

  it("to send its issuer is reported in one line, and stopped", async () => {
    const connected = once(wire, "connection") as Promise<[Socket]>;
    const silent = program(`
      import { connect } from "node:net";
      connect(${portOf(wire)}, "127.0.0.1");`);
    const starting = start(
      { ...here, SIGN_IN_METHODS: "linkedin" },
      { program: silent, runTimeout: 2000 },
    );
    await expect(starting).rejects.toThrow(
      new Failure("The fake LinkedIn did not start: no word from it in 2 s."),
    );
    const [socket] = await connected;
    if (!socket.destroyed) await once(socket.on("error", () => {}).resume(), "close");
  });

  const exitsOnConnection = `
    import { createServer } from "node:net";
    const server = createServer(() => process.exit(7)).listen(0, "127.0.0.1", () =>
      process.send({ issuer: String(server.address().port) }));`;

  it("after its start is reported in one line", async () => {
    const errors = vi.spyOn(console, "error");
    try {
      const errorLine = new Promise((resolve) => errors.mockImplementation(resolve));
      const { env } = await start(
        { ...here, SIGN_IN_METHODS: "google" },
        { program: program(exitsOnConnection) },
      );
      connect(Number(env["AUTH_GOOGLE_ISSUER"]), "127.0.0.1").on("error", () => {});
      expect(await errorLine).toBe(
        "The fake Google ended with exit code 7; restart to sign in with it.",
      );
    } finally {
      errors.mockRestore();
    }
  });

  it("because it was stopped is not reported", async () => {
    const errors = vi.spyOn(console, "error").mockReturnValue();
    try {
      const { stop } = await start(here, { program: program(exitsOnConnection) });
      await stop();
      expect(errors).not.toHaveBeenCalled();
    } finally {
      errors.mockRestore();
    }
  });
});
