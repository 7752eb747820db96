import { createHash } from "node:crypto";
import { once } from "node:events";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { minutes } from "@/lib/core/duration";
import type { Log, OidcClient } from "@/lib/runtime/ports";
import { bounds, intervals } from "@/lib/core/policy";
import { responses, idTokens, startOidcServer } from "@/test/support/oidc-server";
import { testEnv } from "@/test/support/world";
import { createOidcClients as createClients } from "./oidc-client";
import { methodId } from "@/test/support/methods";

/**
 * What the client accepts from a provider, and how it handles one that does not respond (O1, O5),
 * over real HTTP.
 */

const runTimeout = vi.hoisted(() => ({ seconds: 120 }));
vi.mock(import("@/lib/core/policy"), async (original) => {
  const policy = await original();
  const intervals = Object.defineProperty({ ...policy.intervals }, "providerTimeout", {
    get: () => runTimeout.seconds,
  });
  return { ...policy, intervals } as never;
});

const [google, linkedin] = await Promise.all([
  startOidcServer({ quirks: "google" }),
  startOidcServer({ quirks: "linkedin" }),
]);
const env = testEnv({ ...google.settings, ...linkedin.settings });
const servers = { google, linkedin };
type Server = typeof google;
type Endpoint = Server["requests"][number]["endpoint"];

/** Whole seconds, as in tokens. */
let now = 0;
const clock = { now: () => new Date(now * 1000) };
const warnings: unknown[] = [];
const log: Log = {
  info() {},
  warn: (event, facts) => void warnings.push([event, facts]),
  error() {},
};
const warned = (provider: string, at: string, lastError: string) => [
  "provider.failed",
  { provider, at, lastError },
];

const createOidcClients = (...given: Parameters<typeof createClients>) => {
  const clientOf = createClients(...given);
  return (provider: string) => clientOf(methodId(provider));
};

let createOidcClient = createOidcClients(env, clock, log);

beforeEach(() => {
  runTimeout.seconds = 120;
  now = Math.floor(Date.now() / 1000);
  warnings.length = 0;
  createOidcClient = createOidcClients(env, clock, log);
});
afterEach(() => Object.values(servers).forEach((server) => server.resetProviders()));
afterAll(() => Promise.all(Object.values(servers).map((server) => server.stop())));

const asked = (server: Server, at: Endpoint) =>
  server.requests.filter(({ endpoint }) => endpoint === at).length;

const selfOf = ({ issuer }: Server) => `${issuer}/.well-known/openid-configuration`;
const described = async (server: Server) =>
  (await (await fetch(selfOf(server))).json()) as Record<string, string>;
const urls = { google: await described(google), linkedin: await described(linkedin) };

type Provider = keyof typeof servers;
const providers = ["google", "linkedin"] as const;
const secrets = { code: "a-code-of-ada", client_secret: "a-secret-of-ours" };
const bearer = { authorization: "Bearer a-token-of-ada" };

/** What Auth.js requests through a client. */
const ask = {
  discovery: (client: OidcClient, provider: Provider) => client.fetch(selfOf(servers[provider])),
  token: (client: OidcClient, provider: Provider) => {
    const body = new URLSearchParams(secrets);
    return client.fetch(urls[provider].token_endpoint!, { method: "POST", headers: bearer, body });
  },
  userinfo: (client: OidcClient, provider: Provider) =>
    client.fetch(urls[provider].userinfo_endpoint!, { headers: bearer }),
};

const verdict = async (client: OidcClient, idToken: string) => {
  const result = await client.verify(idToken, "an-access-token");
  return result.ok ? "fine" : result.refusal;
};
const verdictOf = async (server: Server, client = createOidcClient("google")) =>
  verdict(client, await server.idToken());

const failed = (cause: string) => ({
  ...{ code: "provider_failed", provider: "google", cause: `id_token_${cause}` },
});
const away = (provider: Provider, cause: string) => ({
  ...{ code: "provider_unavailable", provider, retryAfter: intervals.providerRetryAfter, cause },
});
const messageOf = (error: Error) => error.message;

test("there is no client for a provider without keys", () => {
  expect(() => createOidcClients(testEnv(google.settings), clock, log)("linkedin")).toThrow(
    "no client id and secret",
  );
});

describe.each(providers)("the metadata of %s", (provider) => {
  const server = servers[provider];

  test("is fetched once in ten minutes, however many requests need it at once", async () => {
    const clients = Array.from({ length: 20 }, () => createOidcClient(provider));
    const responses = await Promise.all(clients.map((client) => ask.discovery(client, provider)));
    for (const httpResponse of responses) expect(await httpResponse.json()).toEqual(urls[provider]);
    now += minutes(10) - 1;
    await ask.discovery(createOidcClient(provider), provider);
    expect(asked(server, "discovery")).toBe(1);
    now += 1;
    const httpResponse = await ask.discovery(createOidcClient(provider), provider);
    expect(httpResponse.headers.get("content-type")).toBe("application/json");
    expect(asked(server, "discovery")).toBe(2);
    expect(warnings).toEqual([]);
  });

  test("includes the keys, which are fetched as rarely", async () => {
    const idTokens = await Promise.all([1, 2, 3].map(() => server.idToken()));
    const all = await Promise.all(idTokens.map((one) => verdict(createOidcClient(provider), one)));
    now += minutes(10) - 1;
    all.push(await verdict(createOidcClient(provider), await server.idToken()));
    expect(all).toEqual(["fine", "fine", "fine", "fine"]);
    expect(asked(server, "keys")).toBe(1);
    now += 1;
    expect(await verdict(createOidcClient(provider), await server.idToken())).toBe("fine");
    expect(asked(server, "keys")).toBe(2);
  });

  test("must name the configured issuer; any other is neither accepted nor cached", async () => {
    const faults = [];
    for (const changes of [
      { issuer: `${server.issuer}/` },
      { issuer: server.issuer.toUpperCase() },
      { issuer: undefined },
      { issuer: [server.issuer] },
      { authorization_endpoint: undefined },
      { token_endpoint: 42 },
      { userinfo_endpoint: null },
      { jwks_uri: {} },
    ]) {
      server.script.discovery = responses.with(changes);
      const client = createOidcClient(provider);
      faults.push(await ask.discovery(client, provider).then(() => null, messageOf));
    }
    expect(new Set(faults)).toEqual(new Set(["not_discovery"]));
    for (const body of [null, [], "text", 42]) {
      server.script.discovery = responses.json(body);
      await expect(ask.discovery(createOidcClient(provider), provider)).rejects.toThrow(
        "not_discovery",
      );
    }
    delete server.script.discovery;
    expect(await verdict(createOidcClient(provider), await server.idToken())).toBe("fine");
  });
});

test("may have an issuer with a trailing slash", async () => {
  const issuer = `${google.issuer}/`;
  const open = createOidcClients(
    testEnv({ ...google.settings, AUTH_GOOGLE_ISSUER: issuer }),
    clock,
    log,
  );
  google.script.discovery = responses.with({ issuer });
  expect((await open("google").fetch(selfOf(google))).status).toBe(200);
  google.script.idToken = idTokens.with({ iss: issuer });
  expect(await verdictOf(google, open("google"))).toBe("fine");
  expect(asked(google, "discovery")).toBe(1);
});

describe("a response", () => {
  test("is passed on unchanged, whatever it contains, for an unchanged request", async () => {
    google.script.token = responses.error("invalid_grant");
    const client = createOidcClient("google");
    const httpResponse = await ask.token(client, "google");
    expect([httpResponse.status, await httpResponse.json()]).toEqual([
      400,
      { error: "invalid_grant" },
    ]);
    expect(google.requests).toEqual([
      { endpoint: "token", method: "POST", params: secrets, ...bearer },
    ]);
    const denied = await ask.userinfo(client, "google");
    expect([denied.status, await denied.json()]).toEqual([401, { error: "invalid_token" }]);
    expect([client.lastError(), warnings]).toEqual([null, []]);
  });

  test.each(["application/json", "Application/JSON; charset=utf-8", "application/json;x=y"])(
    "is accepted as JSON with the content type %s",
    async (type) => {
      google.script.userinfo = responses.text("{}", 200, type);
      expect(await (await ask.userinfo(createOidcClient("google"), "google")).json()).toEqual({});
    },
  );

  test("with keys may have the key-set content type, and no other response may", async () => {
    const keys = responses.typed("application/jwk-set+json");
    Object.assign(google.script, { keys, discovery: keys });
    await expect(ask.discovery(createOidcClient("google"), "google")).rejects.toThrow("not_json");
    delete google.script.discovery;
    expect(await verdictOf(google)).toBe("fine");
  });

  test("may be as long as the limit, and no byte longer", async () => {
    const text = JSON.stringify("x".repeat(bounds.providerResponseBytes - 2));
    google.script.userinfo = responses.text(text);
    expect(await (await ask.userinfo(createOidcClient("google"), "google")).text()).toBe(text);
    google.script.userinfo = responses.text(` ${text}`);
    await expect(ask.userinfo(createOidcClient("google"), "google")).rejects.toThrow("too_large");
  });
});

describe("a provider that fails", () => {
  const zipped: ReturnType<typeof responses.json> = (response) =>
    response
      .writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" })
      .end(gzipSync(JSON.stringify("x".repeat(2_000_000))));
  const brokenOff: typeof zipped = (response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": 100 });
    response.write("{", () => response.destroy());
  };
  const elsewhere = urls.google.userinfo_endpoint!;

  const faults: [string, ReturnType<typeof responses.json>, string][] = [
    ["500 in JSON", responses.json({ error: "server_error" }, 500), "status_500"],
    ["503 in HTML", responses.html(503), "status_503"],
    ["599", responses.json({}, 599), "status_599"],
    ["429", responses.json({ error: "slow_down" }, 429), "status_429"],
    ["200 in HTML", responses.html(), "not_json"],
    ["400 in HTML", responses.html(400), "not_json"],
    ["HTML that calls itself JSON", responses.text("<h1>"), "not_json"],
    ["JSON that calls itself text", responses.typed("text/plain"), "not_json"],
    ["JSON that calls itself JSON almost", responses.typed("application/jsonp"), "not_json"],
    ["a signed response", responses.typed("application/jwt"), "not_json"],
    ["JSON without a name", (response) => response.writeHead(200).end("{}"), "not_json"],
    ["nothing", responses.text(""), "not_json"],
    ["204", (response) => response.writeHead(204).end(), "not_json"],
    ["2 MB", responses.large(), "too_large"],
    ["2 MB in two thousand bytes", zipped, "too_large"],
    ["an endless response", responses.endless(), "too_large"],
    ["a redirect elsewhere", responses.redirect(elsewhere), "redirect"],
    ["a redirect without a target", (response) => response.writeHead(304).end(), "redirect"],
    ["a connection that breaks", responses.reset(), "unreachable"],
    ["a response that breaks off", brokenOff, "unreachable"],
  ];
  const late: typeof faults = [
    ["no response", responses.hang(), "timeout"],
    ["half a response", responses.half(), "timeout"],
  ];

  /** How the failure is reported: once, and without a secret. */
  async function told(at: keyof typeof ask | "keys", provider: Provider, word: string) {
    const server = servers[provider];
    const client = createOidcClient(provider);
    const idToken = await server.idToken();
    const error =
      at === "keys"
        ? await client.verify(idToken, "")
        : await ask[at](client, provider).catch((error: Error) => error);
    if (error instanceof Error) expect([error.message, error.cause]).toEqual([word, undefined]);
    else expect(error).toEqual({ ok: false, refusal: away(provider, word) });
    expect(client.lastError()).toBe(word);
    expect(warnings).toEqual([warned(provider, at, word)]);
    expect(asked(server, at)).toBe(1);
    expect(asked(google, "userinfo")).toBe(provider === "google" && at === "userinfo" ? 1 : 0);
  }

  describe.each(["discovery", "token", "userinfo", "keys"] as const)("at %s", (at) => {
    test.each(faults)("%s", async (_, fault, word) => {
      google.script[at] = fault;
      await told(at, "google", word);
    });

    test.each(late)("%s, when the time limit is reached", async (_, fault, word) => {
      if (at === "keys") await ask.discovery(createOidcClient("google"), "google");
      runTimeout.seconds = 0.3;
      google.script[at] = fault;
      await told(at, "google", word);
    });
  });

  test.each(["discovery", "token", "userinfo", "keys"] as const)("LinkedIn's %s", async (at) => {
    linkedin.script[at] = responses.html(502);
    await told(at, "linkedin", "status_502");
  });

  test.each(["discovery", "keys"] as const)("a 404 at %s, though in JSON", async (at) => {
    google.script[at] = responses.error("not_found", 404);
    await told(at, "google", "status_404");
  });

  test.each([{}, null, [], { keys: "none" }, { keys: ["none"] }])("keys %j", async (keys) => {
    google.script.keys = responses.json(keys);
    await told("keys", "google", "not_keys");
  });

  test("an unwanted body is not read to its end", async () => {
    const hungUp = new Promise<void>((resolve) => {
      google.script.token = (response) => {
        response.on("close", resolve);
        response.writeHead(503).write("half");
      };
    });
    await expect(ask.token(createOidcClient("google"), "google")).rejects.toThrow("status_503");
    await hungUp;
  });

  test("a failure is not cached and does not affect the next attempt", async () => {
    google.script.discovery = google.script.keys = responses.reset();
    expect(await verdictOf(google)).toEqual(away("google", "unreachable"));
    delete google.script.discovery;
    expect(await verdictOf(google)).toEqual(away("google", "unreachable"));
    delete google.script.keys;
    const client = createOidcClient("google");
    expect([await verdictOf(google, client), client.lastError()]).toEqual(["fine", null]);
  });

  test("an address where no server listens", async () => {
    const stopped = await startOidcServer({ quirks: "google" });
    await stopped.stop();
    const client = createOidcClients(testEnv(stopped.settings), clock, log)("google");
    await expect(client.fetch(selfOf(stopped))).rejects.toThrow("unreachable");
    expect(await verdictOf(stopped, client)).toEqual(away("google", "unreachable"));
    expect(client.lastError()).toBe("unreachable");
  });

  test("an error of our own is not reported as the provider's", async () => {
    const now = () => {
      throw new Error("a broken clock");
    };
    runTimeout.seconds = 0.3;
    const client = createOidcClients(env, { now }, log)("google");
    await expect(client.fetch("no address")).rejects.toThrow(TypeError);
    await expect(ask.discovery(client, "google")).rejects.toThrow("a broken clock");
    await expect(verdictOf(google, client)).rejects.toThrow("a broken clock");
    expect([client.lastError(), warnings]).toEqual([null, []]);
    // A timeout that no caller awaits causes no unhandled rejection; Vitest would report one.
    await once(AbortSignal.timeout(400), "abort");
  });
});

describe("the time limit of a client", () => {
  test("covers all its requests: afterwards it makes none", async () => {
    const client = createOidcClient("google");
    await ask.discovery(createOidcClient("google"), "google");
    runTimeout.seconds = 0.3;
    google.script.token = responses.hang();
    await expect(ask.token(client, "google")).rejects.toThrow("timeout");
    runTimeout.seconds = 120;
    google.resetProviders();
    await expect(ask.token(client, "google")).rejects.toThrow("timeout");
    await expect(ask.userinfo(client, "google")).rejects.toThrow("timeout");
    await expect(ask.discovery(client, "google")).rejects.toThrow("timeout");
    expect(await verdictOf(google, client)).toEqual(away("google", "timeout"));
    expect(google.requests).toEqual([]);
    expect((await ask.userinfo(createOidcClient("google"), "google")).status).toBe(401);
  });

  test.each([
    ["no response", responses.hang()],
    ["half a response", responses.half()],
  ])("ends the running request: %s", async (_, fault) => {
    const hungUp = new Promise<void>((resolve) => {
      google.script.token = (response, usual) => {
        response.on("close", resolve);
        return fault(response, usual);
      };
    });
    runTimeout.seconds = 0.3;
    await expect(ask.token(createOidcClient("google"), "google")).rejects.toThrow("timeout");
    await hungUp;
  });

  test("begins with the first request", async () => {
    runTimeout.seconds = 0;
    const client = createOidcClient("google");
    runTimeout.seconds = 120;
    expect((await ask.discovery(client, "google")).status).toBe(200);
  });

  test("ends for each caller of a shared request on its own", async () => {
    let resume = () => {};
    const held = new Promise<void>((resolve) => (resume = resolve));
    google.script.discovery = async (response, usual) => {
      await held;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify((await usual()).body));
    };
    const first = ask.discovery(createOidcClient("google"), "google");
    runTimeout.seconds = 0.3;
    await expect(ask.discovery(createOidcClient("google"), "google")).rejects.toThrow("timeout");
    resume();
    expect((await first).status).toBe(200);
    await ask.discovery(createOidcClient("google"), "google");
    expect(asked(google, "discovery")).toBe(1);
  });
});

test("ends a request without a response also for a caller that joins late", async () => {
  runTimeout.seconds = 0.3;
  google.script.discovery = responses.hang();
  const first = ask.discovery(createOidcClient("google"), "google").catch(messageOf);
  runTimeout.seconds = 120;
  await expect(ask.discovery(createOidcClient("google"), "google")).rejects.toThrow("timeout");
  expect(await first).toBe("timeout");
  expect(asked(google, "discovery")).toBe(1);
});

describe("plain http", () => {
  const clientFor = (issuer: string) =>
    createOidcClients(
      testEnv({ ...google.settings, AUTH_GOOGLE_ISSUER: issuer }),
      clock,
      log,
    )("google");
  afterEach(() => vi.unstubAllGlobals());

  test.each(["https://issuer.example", "http://issuer.example"])(
    "is not used with %s, whatever that redirects to",
    async (issuer) => {
      const client = clientFor(issuer);
      await expect(ask.token(client, "google")).rejects.toThrow("not_https");
      await expect(ask.userinfo(client, "google")).rejects.toThrow("not_https");
      expect(google.requests).toEqual([]);
      expect(warnings).toHaveLength(2);
    },
  );

  test("is not used with an issuer elsewhere", async () => {
    await expect(
      clientFor("http://issuer.example").fetch(
        "http://issuer.example/.well-known/openid-configuration",
      ),
    ).rejects.toThrow("not_https");
  });

  const named = ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"];
  test.each(named)("is not accepted in https metadata for %s", async (endpoint) => {
    const issuer = "https://issuer.example";
    const at = Object.fromEntries(named.map((name) => [name, `${issuer}/${name}`]));
    const says = (more: object) =>
      vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ issuer, ...at, ...more })));
    says({ [endpoint]: urls.google[endpoint] });
    const client = clientFor(issuer);
    const self = `${issuer}/.well-known/openid-configuration`;
    await expect(client.fetch(self)).rejects.toThrow("not_https");
    says({});
    expect(await (await client.fetch(self)).json()).toEqual({ issuer, ...at });
  });

  test.each(["javascript:alert(1)", "file:///etc/passwd", "/authorize", ""])(
    "is not the only refused URL: %s",
    async (url) => {
      google.script.discovery = responses.with({ authorization_endpoint: url });
      await expect(ask.discovery(createOidcClient("google"), "google")).rejects.toThrow(
        "not_https",
      );
    },
  );
});

describe("an ID token", () => {
  test.each(providers)("of %s returns the signed claims", async (provider) => {
    const server = servers[provider];
    server.person.email_verified = true;
    const result = await createOidcClient(provider).verify(
      await server.idToken("a-nonce"),
      "an-access-token",
    );
    const { sub, email } = server.person;
    const { issuer: iss, clientId: aud } = server;
    const nonce = provider === "google" ? "a-nonce" : undefined;
    const verified = provider === "google" ? true : "true";
    expect(result).toMatchObject({ ok: true, value: { iss, aud, sub, email } });
    expect(result.ok && result.value.nonce).toBe(nonce);
    expect(result.ok && result.value.email_verified).toBe(verified);
    expect(warnings).toEqual([]);
  });

  const { with: claims } = idTokens;
  const hashOf = (text: string) =>
    createHash("sha256").update(text).digest().subarray(0, 16).toString("base64url");
  const tokenHash = hashOf("an-access-token");
  const other = "somebody-else";
  test.each([
    ["by an unknown key", idTokens.unknownKey, "key_unknown"],
    ["by another key of that name", idTokens.forgedKey, "signature"],
    ["unsigned", idTokens.unsigned, "algorithm"],
    ["signed with our secret", idTokens.signedWithSecret, "algorithm"],
    ["signed with the public key", idTokens.signedWithPublicKey, "algorithm"],
    ["of another issuer", idTokens.otherIssuer, "issuer"],
    ["of the issuer with a slash", claims({ iss: `${google.issuer}/` }), "issuer"],
    ["of several issuers", claims({ iss: [google.issuer] }), "issuer"],
    ["of no issuer", claims({ iss: undefined }), "issuer"],
    ["for another client", idTokens.otherAudience, "audience"],
    ["for us and another client", claims({ aud: [google.clientId, other] }), "audience"],
    ["for us, issued to another client", idTokens.otherParty, "audience"],
    ["for us alone, issued to another client", claims({ azp: other }), "audience"],
    ["without an audience", claims({ aud: undefined }), "audience"],
    ["with an empty list of audiences", claims({ aud: [] }), "audience"],
    ["expired", idTokens.expired, "expiry"],
    ["without end", claims({ exp: undefined }), "expiry"],
    ["with an expiry in words", claims({ exp: "tomorrow" }), "expiry"],
    ["not yet valid", idTokens.notYet, "not_before"],
    ["without an issue time", claims({ iat: undefined }), "issued_at"],
    ["with an issue time in words", claims({ iat: "today" }), "issued_at"],
    ["issued in the future", claims({ iat: Date.now() / 1000 + 600 }), "issued_at"],
    ["without a subject", idTokens.withoutSubject, "subject"],
    ["with another access token", claims({ at_hash: hashOf("another") }), "access_token_hash"],
    [
      "with an access token's hash in a list",
      claims({ at_hash: [tokenHash] }),
      "access_token_hash",
    ],
    ["with an empty hash", claims({ at_hash: "" }), "access_token_hash"],
  ])("is refused: %s", async (_, forgery, cause) => {
    google.script.idToken = forgery;
    expect(await verdictOf(google)).toEqual(failed(cause));
    expect(warnings).toEqual([]);
  });

  test.each([
    ["for us in a list", claims({ aud: [google.clientId] })],
    ["issued to us", claims({ azp: google.clientId })],
    ["with its access token", claims({ at_hash: tokenHash })],
    ["with another nonce, which Auth.js looks at", idTokens.otherNonce],
  ])("is accepted: %s", async (_, forgery) => {
    google.script.idToken = forgery;
    expect(await verdictOf(google)).toBe("fine");
  });

  test.each(["", "a", "a.b.c", "a.b.c.d.e", "bnVsbA.bnVsbA.bnVsbA", null])(
    "is malformed: %j",
    async (text) => {
      expect(await verdict(createOidcClient("google"), text as string)).toEqual(
        failed("malformed"),
      );
    },
  );

  test("is refused once a character of it differs", async () => {
    const [head, body, signature] = (await google.idToken()).split(".") as [string, string, string];
    google.person.email = "mallory@example.com";
    const [, otherBody] = (await google.idToken()).split(".");
    expect(await verdict(createOidcClient("google"), `${head}.${otherBody}.${signature}`)).toEqual(
      failed("signature"),
    );
    expect(await verdict(createOidcClient("google"), `${head}.${body}.${signature}`)).toBe("fine");
  });

  test("may be half a minute off by our clock, and no second more", async () => {
    now = Date.UTC(2033, 1) / 1000;
    const at = async (times: object) => {
      google.script.idToken = claims({ ...times });
      const result = await verdictOf(google);
      return result === "fine" ? result : result.cause;
    };
    expect(await at({ exp: now - 29 })).toBe("fine");
    expect(await at({ exp: now - 30 })).toBe("id_token_expiry");
    expect(await at({ nbf: now + 30, exp: now + 60 })).toBe("fine");
    expect(await at({ nbf: now + 31, exp: now + 60 })).toBe("id_token_not_before");
  });

  describe("a token with another signature", () => {
    afterAll(() => google.rotateKeys());

    test.each([
      ["PS256", "fine"],
      ["ES256", "fine"],
      ["RS512", failed("algorithm")],
      ["ES384", failed("algorithm")],
      ["EdDSA", failed("algorithm")],
    ])("by %s is refused", async (alg, expected) => {
      await google.rotateKeys({ alg });
      expect(await verdictOf(google)).toEqual(expected);
    });

    test.each<[string, object]>([
      ["no key", { n: undefined }],
      ["a short one", { n: "AQAB" }],
      ["numbers", { n: 42 }],
    ])("by a key that is %s is refused", async (_, changes) => {
      await google.rotateKeys();
      const { keys } = (await (await fetch(urls.google.jwks_uri!)).json()) as { keys: object[] };
      google.script.keys = responses.json({ keys: keys.map((key) => ({ ...key, ...changes })) });
      expect(await verdictOf(google)).toEqual(failed("key_unusable"));
    });
  });
});

describe("keys that have changed", () => {
  test.each([true, false])("are fetched once more; the old key published: %s", async (keepOld) => {
    const before = await google.idToken();
    expect(await verdict(createOidcClient("google"), before)).toBe("fine");
    await google.rotateKeys({ keepOld });
    const after = await Promise.all([1, 2, 3, 4, 5].map(() => google.idToken()));
    const verdicts = after.map((one) => verdict(createOidcClient("google"), one));
    expect(new Set(await Promise.all(verdicts))).toEqual(new Set(["fine"]));
    expect(asked(google, "keys")).toBe(2);
    expect(await verdict(createOidcClient("google"), before)).toEqual(
      keepOld ? "fine" : failed("key_unknown"),
    );
  });

  test("are not fetched again and again", async () => {
    google.script.idToken = idTokens.unknownKey;
    expect(await verdictOf(google)).toEqual(failed("key_unknown"));
    expect(asked(google, "keys")).toBe(2);
  });

  test("are not fetched because of a wrong signature", async () => {
    google.script.idToken = idTokens.forgedKey;
    expect(await verdictOf(google)).toEqual(failed("signature"));
    expect(asked(google, "keys")).toBe(1);
  });

  test("may be unavailable", async () => {
    expect(await verdictOf(google)).toBe("fine");
    await google.rotateKeys();
    google.script.keys = responses.html(503);
    expect(await verdictOf(google)).toEqual(away("google", "status_503"));
  });
});

describe("any signed claims", () => {
  const json = fc.jsonValue({ maxDepth: 3 });

  test("are returned unchanged when they are for us", async () => {
    await google.rotateKeys({ alg: "ES256" });
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), json), async (more) => {
        google.script.idToken = { claims: (usual) => ({ ...more, ...usual, azp: undefined }) };
        const idToken = await google.idToken();
        const result = await createOidcClient("google").verify(idToken, "");
        expect(result.ok && JSON.stringify(result.value)).toBe(payloadOf(idToken));
      }),
    );
  });

  test("are verified without a throw when they may not be", async () => {
    const names = ["iss", "aud", "azp", "exp", "nbf", "iat", "sub", "email", "nonce", "crit"];
    const odd = fc.record(Object.fromEntries(names.map((name) => [name, json])), {
      requiredKeys: [],
    });
    await fc.assert(
      fc.asyncProperty(odd, async (more) => {
        google.script.idToken = idTokens.with(more);
        const idToken = await google.idToken();
        const result = await createOidcClient("google").verify(idToken, "");
        if (result.ok) expect(JSON.stringify(result.value)).toBe(payloadOf(idToken));
        else expect(result.refusal.cause).toMatch(/^id_token_[a-z_]+$/);
      }),
    );
    await google.rotateKeys();
  });
});

const payloadOf = (idToken: string) =>
  Buffer.from(idToken.split(".")[1] ?? "", "base64url").toString();
