import { createHash, createHmac, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { CompactSign, type CryptoKey, exportJWK, exportSPKI, generateKeyPair } from "jose";
import { systemClock } from "@/lib/adapters/clock";

type Claims = Record<string, unknown>;

/** A JSON response, or a redirect. */
interface Usual {
  readonly status: number;
  readonly body?: unknown;
  readonly location?: string;
}

/** How an endpoint responds. `usual` does the normal work and returns the normal response. */
type ProviderResponse = (response: ServerResponse, usual: () => Promise<Usual>) => unknown;

/** The endpoint, as the paths differ between providers. */
type Endpoint = "discovery" | "authorize" | "token" | "userinfo" | "keys";

interface Asked {
  readonly endpoint: Endpoint;
  readonly method: string;
  /** Parameters of the query and of the form, as they came. */
  readonly params: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
}

/** How an ID token differs from a correct one. */
interface Forgery {
  /** Receives the normal claims; undefined claims are left out. */
  readonly claims?: (usual: Claims) => Claims;
  readonly sign?: Signature;
}
type Signature = "unknown key" | "known key's name" | "none" | "client secret" | "public key";

const now = () => Math.floor(systemClock.now().getTime() / 1000);
const claims = (more: Claims): Forgery => ({ claims: (usual) => ({ ...usual, ...more }) });

/** For `script.token` and the other endpoints. */
export const responses = {
  /** No response until the server stops. */
  hang: (): ProviderResponse => () => {},
  delay:
    (ms: number): ProviderResponse =>
    (response, usual) =>
      setTimeout(() => void usual().then((usualResponse) => send(response, usualResponse)), ms),
  /** Verbatim JSON. */
  json:
    (body: unknown, status = 200): ProviderResponse =>
    (response) =>
      send(response, { status, body }),
  /** An OAuth error. */
  error: (error: string, status = 400): ProviderResponse => responses.json({ error }, status),
  /** The normal JSON with changes; undefined values are left out. */
  with:
    (changes: Claims): ProviderResponse =>
    async (response, usual) => {
      const { status, body } = await usual();
      send(response, { status, body: { ...(body as Claims), ...changes } });
    },
  /** With another content type. */
  typed:
    (type: string): ProviderResponse =>
    async (response, usual) =>
      response.writeHead(200, { "content-type": type }).end(JSON.stringify((await usual()).body)),
  text:
    (text: string, status = 200, type = "application/json"): ProviderResponse =>
    (response) =>
      response.writeHead(status, { "content-type": type }).end(text),
  html: (status = 200): ProviderResponse =>
    responses.text("<!doctype html><h1>Sign in to this network</h1>", status, "text/html"),
  /** JSON of two million characters. */
  large: (): ProviderResponse => responses.json({ padding: "x".repeat(2_000_000) }),
  /** Endless JSON, as fast as the client reads it. */
  endless: (): ProviderResponse => (response) => {
    const more = () => {
      while (!response.destroyed && response.write(" ".repeat(10_000)));
    };
    response.writeHead(200, jsonType).on("drain", more);
    more();
  },
  /** The first half of a response, and nothing more until the server stops. */
  half: (): ProviderResponse => (response) => response.writeHead(200, jsonType).write('{"half":'),
  redirect:
    (location: string): ProviderResponse =>
    (response) =>
      send(response, { status: 302, location }),
  /** Closes the connection. */
  reset: (): ProviderResponse => (response) => response.destroy(),
};

/** For `script.idToken`. */
export const idTokens = {
  unknownKey: { sign: "unknown key" },
  /** Signed by an unknown key under the name of a trusted one. */
  forgedKey: { sign: "known key's name" },
  unsigned: { sign: "none" },
  signedWithSecret: { sign: "client secret" },
  signedWithPublicKey: { sign: "public key" },
  otherIssuer: claims({ iss: "https://elsewhere.example" }),
  otherAudience: claims({ aud: "somebody-else" }),
  /** For us, and issued to another client. */
  otherParty: {
    claims: ({ aud, ...usual }) => ({ ...usual, aud: [aud, "else"], azp: "else" }),
  },
  expired: { claims: (usual) => ({ ...usual, iat: now() - 7200, exp: now() - 3600 }) },
  notYet: { claims: (usual) => ({ ...usual, nbf: now() + 3600 }) },
  fromTheFuture: { claims: (usual) => ({ ...usual, iat: now() + 600, exp: now() + 7200 }) },
  otherAccessToken: claims({ at_hash: "of-another-access-token" }),
  withoutSubject: claims({ sub: undefined }),
  otherNonce: claims({ nonce: "another" }),
  withoutNonce: claims({ nonce: undefined }),
  /** Any claims, of any type. */
  with: claims,
} as const satisfies Record<string, Forgery | typeof claims>;

/** For `script.callback`: the parameters of the callback; undefined ones are left out. */
export const callbackUrl = {
  denied: { error: "access_denied", code: undefined },
  cancelled: { error: "user_cancelled_login", code: undefined },
  serverError: { error: "server_error", code: undefined },
  unavailable: { error: "temporarily_unavailable", code: undefined },
  withoutState: { state: undefined },
  otherState: { state: "another" },
  withoutCode: { code: undefined },
  otherIssuer: { iss: "https://elsewhere.example" },
} as const satisfies Record<string, Record<string, string | undefined>>;

interface Script extends Partial<Record<Endpoint, ProviderResponse>> {
  idToken?: Forgery;
  callbackUrl?: Readonly<Record<string, string | undefined>>;
}

/** Where Google and LinkedIn really differ. */
const kinds = {
  google: {
    issuerPath: "",
    paths: {
      "/.well-known/openid-configuration": "discovery",
      "/o/oauth2/v2/auth": "authorize",
      "/token": "token",
      "/v1/userinfo": "userinfo",
      "/oauth2/v3/certs": "keys",
    },
    clientAuth: ["client_secret_post", "client_secret_basic"],
    pkce: true,
    idTokenOf: (person: Claims, nonce?: string): Claims => ({ ...person, nonce }),
    alsoBack: (issuer: string) => ({ iss: issuer, scope: "openid email profile", authuser: "0" }),
  },
  linkedin: {
    issuerPath: "/oauth",
    paths: {
      "/oauth/.well-known/openid-configuration": "discovery",
      "/oauth/v2/authorization": "authorize",
      "/oauth/v2/accessToken": "token",
      "/v2/userinfo": "userinfo",
      "/oauth/openid/jwks": "keys",
    },
    clientAuth: ["client_secret_post"],
    pkce: false,
    // No nonce, whatever was sent, and text where userinfo has a boolean.
    idTokenOf: ({ email_verified: verified, ...person }: Claims): Claims => ({
      ...person,
      email_verified: typeof verified === "boolean" ? String(verified) : verified,
    }),
    alsoBack: () => ({}),
  },
} as const;

/**
 * An OpenID provider like Google or LinkedIn, with faults that a script sets. `authorize` needs no
 * click: it redirects to the callback at once, with a code for `person`.
 */
export async function startOidcServer({ quirks }: { quirks: keyof typeof kinds }) {
  const kind = kinds[quirks];
  const endpoints = new Map<string, Endpoint>(Object.entries(kind.paths));
  const clientId = `latchkey-at-${quirks}`;
  const clientSecret = `secret-of-latchkey-at-${quirks}`;
  const ada = {
    sub: `ada-at-${quirks}`,
    name: "Ada Lovelace",
    email: "ada@example.com",
    email_verified: true,
  };

  const requests: Asked[] = [];
  const person: Claims = { ...ada };
  const script: Script = {};
  const codes = new Map<string, Record<"redirect" | "challenge" | "nonce", string | undefined>>();
  const accessTokens = new Set<string>();
  let keys = [await makeKey("RS256")];

  const server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = origin + kind.issuerPath;

  async function respond(request: IncomingMessage, response: ServerResponse) {
    const { pathname, searchParams } = new URL(request.url ?? "", origin);
    const endpoint = endpoints.get(pathname);
    if (!endpoint) return response.writeHead(404).end();
    const form = new URLSearchParams((await request.setEncoding("utf8").toArray()).join(""));
    const asked: Asked = {
      endpoint,
      method: request.method ?? "",
      params: Object.fromEntries([...searchParams, ...form]),
      authorization: request.headers.authorization,
    };
    requests.push(asked);
    const usual = async () => usually[endpoint](asked);
    return script[endpoint] ? script[endpoint](response, usual) : send(response, await usual());
  }

  const usually: Record<Endpoint, (asked: Asked) => Usual | Promise<Usual>> = {
    discovery() {
      const at = Object.fromEntries([...endpoints].map(([path, name]) => [name, origin + path]));
      return fine({
        issuer,
        authorization_endpoint: at.authorize,
        token_endpoint: at.token,
        userinfo_endpoint: at.userinfo,
        jwks_uri: at.keys,
        response_types_supported: ["code"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
        token_endpoint_auth_methods_supported: kind.clientAuth,
        ...(kind.pkce ? { code_challenge_methods_supported: ["S256"] } : {}),
      });
    },

    authorize({ params: { redirect_uri: redirect, state, nonce, ...params } }) {
      const isPlain = params.code_challenge && params.code_challenge_method !== "S256";
      if (!redirect || params.response_type !== "code" || isPlain) return no("invalid_request");
      if (params.client_id !== clientId) return no("invalid_client", 401);
      const code = secret();
      codes.set(code, { redirect, challenge: params.code_challenge, nonce });
      const back = new URL(redirect);
      const usual = { ...kind.alsoBack(issuer), state, code };
      for (const [name, value] of Object.entries({ ...usual, ...script.callbackUrl }))
        if (value !== undefined) back.searchParams.set(name, value);
      return { status: 302, location: back.href };
    },

    async token({ method, params, authorization }) {
      if (method !== "POST" || params.grant_type !== "authorization_code")
        return no("invalid_request");
      if (!isClient(params, authorization)) return no("invalid_client", 401);
      const { code = "", code_verifier: verifier } = params;
      if (verifier && !kind.pkce) return no("invalid_request");
      const issued = codes.get(code);
      codes.delete(code);
      const challenge = verifier && createHash("sha256").update(verifier).digest("base64url");
      if (!issued || issued.redirect !== params.redirect_uri || issued.challenge !== challenge)
        return no("invalid_grant");
      const accessToken = secret();
      accessTokens.add(accessToken);
      return fine({
        access_token: accessToken,
        token_type: "Bearer",
        expires_in: 3599,
        scope: "openid email profile",
        id_token: await idToken(issued.nonce),
      });
    },

    userinfo: ({ authorization = "" }) =>
      accessTokens.has(authorization.replace(/^Bearer /, ""))
        ? fine(person)
        : no("invalid_token", 401),

    keys: async () =>
      fine({
        keys: await Promise.all(
          keys.map(async ({ kid, alg, publicKey }) => ({
            ...(await exportJWK(publicKey)),
            ...{ kid, alg, use: "sig" },
          })),
        ),
      }),
  };

  function isClient(params: Asked["params"], authorization: string | undefined) {
    const given = authorization
      ? Buffer.from(authorization.replace(/^Basic /, ""), "base64")
          .toString()
          .split(":")
      : [params.client_id, params.client_secret];
    const method = authorization ? "client_secret_basic" : "client_secret_post";
    const [id, password] = given.map((part) => decodeURIComponent(part ?? ""));
    return (
      kind.clientAuth.some((one) => one === method) && id === clientId && password === clientSecret
    );
  }

  /** An ID token as the token endpoint would return it now. */
  async function idToken(nonce?: string): Promise<string> {
    const { claims = (usual) => usual, sign }: Forgery = script.idToken ?? {};
    const iat = now();
    const own = { iss: issuer, aud: clientId, iat, exp: iat + 3600 };
    const payload = JSON.stringify(claims({ ...own, ...kind.idTokenOf(person, nonce) }));
    const key = keys[0]!;
    if (!sign) return signed(payload, key);
    switch (sign) {
      case "none":
        return `${encoded({ alg: "none" })}.${base64(payload)}.`;
      case "client secret":
        return signedByHmac(payload, key.kid, clientSecret);
      case "public key":
        return signedByHmac(payload, key.kid, await exportSPKI(key.publicKey));
      case "unknown key":
        return signed(payload, await makeKey(key.alg));
      case "known key's name":
        return signed(payload, { ...(await makeKey(key.alg)), kid: key.kid });
    }
  }

  return {
    issuer,
    clientId,
    /** Our server's configuration for it. */
    settings: {
      [`AUTH_${quirks.toUpperCase()}_ID`]: clientId,
      [`AUTH_${quirks.toUpperCase()}_SECRET`]: clientSecret,
      [`AUTH_${quirks.toUpperCase()}_ISSUER`]: issuer,
    },
    /** All its requests, in order. */
    requests,
    /** The signed-in person, as claims. */
    person,
    /** Faults instead of the normal responses, until `reset`. */
    script,
    idToken,
    /** Signs with a new key from now on; the old one is still published, or not. */
    async rotateKeys({ keepOld = false, alg = "RS256" } = {}) {
      keys = [await makeKey(alg), ...(keepOld ? keys : [])];
    },
    /** Signs in Ada normally from now on, and forgets its requests. */
    resetProviders() {
      requests.length = 0;
      for (const changed of [script, person] as Claims[])
        for (const name of Object.keys(changed)) delete changed[name];
      Object.assign(person, ada);
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Key {
  readonly kid: string;
  readonly alg: string;
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

const jsonType = { "content-type": "application/json; charset=utf-8" };
const fine = (body: unknown): Usual => ({ status: 200, body });
const no = (error: string, status = 400): Usual => ({ status, body: { error } });

const send = (response: ServerResponse, { status, body, location }: Usual) =>
  response.writeHead(status, location ? { location } : jsonType).end(JSON.stringify(body));

const secret = () => randomBytes(24).toString("base64url");

const makeKey = async (alg: string): Promise<Key> => ({
  kid: secret().slice(0, 8),
  alg,
  ...(await generateKeyPair(alg, { extractable: true })),
});

const base64 = (text: string) => Buffer.from(text).toString("base64url");
const encoded = (header: object) => base64(JSON.stringify({ ...header, typ: "JWT" }));

/** The text itself, not what a library makes of it. */
const signed = (payload: string, { alg, kid, privateKey }: Key) =>
  new CompactSign(Buffer.from(payload))
    .setProtectedHeader({ alg, kid, typ: "JWT" })
    .sign(privateKey);

function signedByHmac(payload: string, kid: string, key: string) {
  const text = `${encoded({ alg: "HS256", kid })}.${base64(payload)}`;
  return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
}
