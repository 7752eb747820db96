import { createHash } from "node:crypto";
import { decodeJwt } from "jose";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { responses, idTokens, startOidcServer, callbackUrl } from "./oidc-server";

/** Checks that the fake Google and LinkedIn behave as the real ones do. */

const [google, linkedin] = await Promise.all([
  startOidcServer({ quirks: "google" }),
  startOidcServer({ quirks: "linkedin" }),
]);
const both = [google, linkedin];

afterEach(() => both.forEach((server) => server.resetProviders()));

const redirect = "http://localhost:3000/api/auth/callback/one";
const verifier = "v".repeat(43);
const challenge = createHash("sha256").update(verifier).digest("base64url");
const pkce = { code_challenge: challenge, code_challenge_method: "S256" };

type Server = typeof google;
type Words = Record<string, string>;

const described = async ({ issuer }: Server) =>
  (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as Words;

/** The parameters of the callback. */
async function authorize(server: Server, more: Words = {}) {
  const { authorization_endpoint: at } = await described(server);
  const params = { client_id: server.clientId, response_type: "code", redirect_uri: redirect };
  const asked = new URLSearchParams({ ...params, state: "s", nonce: "n", ...more });
  const response = await fetch(`${at}?${asked}`, { redirect: "manual" });
  const back = new URL(response.headers.get("location") ?? "about:blank");
  return Object.fromEntries(back.searchParams);
}

async function redeem(server: Server, more: Words = {}, headers: Words = {}) {
  const { token_endpoint: at } = await described(server);
  const params = { grant_type: "authorization_code", redirect_uri: redirect };
  const body = new URLSearchParams({ ...params, ...more });
  const response = await fetch(at!, { method: "POST", headers, body });
  const tokens = (await response.json()) as Partial<Record<"id_token" | "access_token", string>>;
  return { ...tokens, status: response.status };
}

const secretOf = ({ clientId, settings }: Server) => ({
  client_id: clientId,
  client_secret: Object.values(settings)[1]!,
});
const basic = (server: Server) => {
  const { client_id: id, client_secret: secret } = secretOf(server);
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` };
};

async function userinfo(server: Server, accessToken = "") {
  const { userinfo_endpoint: at } = await described(server);
  const headers = { authorization: `Bearer ${accessToken}` };
  return (await fetch(at!, { headers })).json() as Promise<unknown>;
}

test("Google uses nonce, PKCE, a boolean, and its issuer in the callback", async () => {
  const { code = "", ...back } = await authorize(google, pkce);
  expect(back).toMatchObject({ state: "s", iss: google.issuer });
  const tokens = await redeem(google, { code, code_verifier: verifier }, basic(google));
  expect(decodeJwt(tokens.id_token!)).toMatchObject({ nonce: "n", email_verified: true });
  expect(await userinfo(google, tokens.access_token)).toEqual(google.person);
  expect(google.requests.filter(({ endpoint }) => endpoint === "token")).toMatchObject([
    { method: "POST", params: { code, code_verifier: verifier }, ...basic(google) },
  ]);
});

test("LinkedIn uses no nonce, no PKCE, text in the token and a boolean in userinfo", async () => {
  expect(linkedin.issuer).toMatch(/\/oauth$/);
  const { code = "", ...back } = await authorize(linkedin);
  expect(back).toEqual({ state: "s" });
  const tokens = await redeem(linkedin, { code, ...secretOf(linkedin) });
  const claims = decodeJwt(tokens.id_token!);
  expect(claims).toMatchObject({ iss: linkedin.issuer, email_verified: "true" });
  expect(claims).not.toHaveProperty("nonce");
  expect(await userinfo(linkedin, tokens.access_token)).toMatchObject({
    email_verified: true,
  });
});

describe("a code is accepted", () => {
  const refusal = (error: string, status = 400) => ({ status, error });

  test("once", async () => {
    const { code = "" } = await authorize(google);
    expect((await redeem(google, { code, ...secretOf(google) })).status).toBe(200);
    expect(await redeem(google, { code, ...secretOf(google) })).toEqual(refusal("invalid_grant"));
  });

  test("from the client it was created for", async () => {
    const wrong = { ...secretOf(google), client_secret: "guessed" };
    expect(await redeem(google, wrong)).toEqual(refusal("invalid_client", 401));
    expect(await redeem(linkedin, {}, basic(linkedin))).toEqual(refusal("invalid_client", 401));
  });

  test.each([undefined, "w".repeat(43)])("with the right verifier, not %s", async (other) => {
    const { code = "" } = await authorize(google, pkce);
    const more = other ? { code_verifier: other } : {};
    expect(await redeem(google, { code, ...secretOf(google), ...more })).toEqual(
      refusal("invalid_grant"),
    );
  });

  test("by LinkedIn without any verifier", async () => {
    const { code = "" } = await authorize(linkedin, pkce);
    const more = { ...secretOf(linkedin), code_verifier: verifier };
    expect(await redeem(linkedin, { code, ...more })).toEqual(refusal("invalid_request"));
  });

  test("for the redirect URI it was sent to", async () => {
    const { code = "" } = await authorize(google);
    const elsewhere = { ...secretOf(google), redirect_uri: `${redirect}/else` };
    expect(await redeem(google, { code, ...elsewhere })).toEqual(refusal("invalid_grant"));
  });
});

test("the callback has the parameters of the script", async () => {
  linkedin.script.callbackUrl = callbackUrl.cancelled;
  expect(await authorize(linkedin)).toEqual({ state: "s", error: "user_cancelled_login" });
  linkedin.script.callbackUrl = callbackUrl.withoutState;
  expect(Object.keys(await authorize(linkedin))).toEqual(["code"]);
  linkedin.script.callbackUrl = callbackUrl.otherIssuer;
  expect(await authorize(linkedin)).toMatchObject({
    iss: "https://elsewhere.example",
    state: "s",
  });
});

test("an endpoint follows the script, and then works normally again", async () => {
  google.script.userinfo = responses.with({ email: undefined, sub: "mallory" });
  const { code = "" } = await authorize(google);
  const { access_token: token } = await redeem(google, { code, ...secretOf(google) });
  expect(await userinfo(google, token)).toEqual({
    ...{ sub: "mallory", name: "Ada Lovelace", email_verified: true },
  });
  google.resetProviders();
  expect(await userinfo(google, token)).toEqual(google.person);
  expect(google.requests.map(({ endpoint }) => endpoint)).toEqual(["discovery", "userinfo"]);
});

test("the signed-in person is the one that the test sets", async () => {
  Object.assign(google.person, { sub: "leo-at-google", hd: "example.com" });
  google.script.idToken = idTokens.with({ email: 42 });
  expect(decodeJwt(await google.idToken())).toMatchObject({
    ...{ sub: "leo-at-google", hd: "example.com", email: 42 },
  });
});

test("a stopped server hangs up on waiting clients", async () => {
  const server = await startOidcServer({ quirks: "google" });
  onTestFinished(() => server.stop());
  server.script.discovery = responses.hang();
  const asked = described(server).catch((error: Error) => error.message);
  while (server.requests.length === 0) await new Promise(setImmediate);
  await server.stop();
  expect(await asked).toBe("fetch failed");
});
