/**
 * The minimum cost of an OAuth sign-in: a start with state, nonce and PKCE in a plain cookie, and a
 * callback that exchanges the code and verifies the ID token's signature. The provider's metadata is
 * fetched once. There is no database and no session.
 */
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { createLocalJWKSet, jwtVerify } from "jose";

const { PORT, ...env } = process.env;
const origin = `http://127.0.0.1:${PORT}`;
const json = async (url, init) => (await fetch(url, init)).json();
const secret = () => randomBytes(32).toString("base64url");

/** The providers' metadata, fetched before the first request. */
const providers = {
  google: await provider("GOOGLE", ["nonce", "pkce"]),
  linkedin: await provider("LINKEDIN", ["userinfo"]),
};

async function provider(name, quirks) {
  const issuer = env[`AUTH_${name}_ISSUER`];
  const metadata = await json(`${issuer}/.well-known/openid-configuration`);
  return {
    ...{ issuer, metadata, quirks },
    keys: createLocalJWKSet(await json(metadata.jwks_uri)),
    client: { client_id: env[`AUTH_${name}_ID`], client_secret: env[`AUTH_${name}_SECRET`] },
    redirect: `${origin}/callback/${name.toLowerCase()}`,
  };
}

createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, origin);
  const [, step, name] = pathname.split("/");
  if (step === "start") startOAuth(providers[name], response);
  else if (step === "callback") void finishOAuth(providers[name], searchParams, request, response);
  else response.end("Here.");
}).listen(Number(PORT), "127.0.0.1");

function startOAuth({ metadata, quirks, client, redirect }, response) {
  const [state, nonce, verifier] = [secret(), secret(), secret()];
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  const url = new URL(metadata.authorization_endpoint);
  url.search = new URLSearchParams({
    ...{ response_type: "code", client_id: client.client_id, redirect_uri: redirect },
    ...{ scope: "openid email", state },
    ...(quirks.includes("nonce") ? { nonce } : {}),
    ...(quirks.includes("pkce")
      ? { code_challenge: challenge, code_challenge_method: "S256" }
      : {}),
  });
  const cookie = `oauth=${state}.${nonce}.${verifier}; HttpOnly; Path=/`;
  response.writeHead(303, { location: url.href, "set-cookie": cookie }).end();
}

async function finishOAuth(
  { issuer, metadata, keys, quirks, client, redirect },
  callback,
  request,
  response,
) {
  const [state, nonce, verifier] = request.headers.cookie.replace("oauth=", "").split(".");
  if (callback.get("state") !== state) return response.writeHead(400).end();
  const tokens = await json(metadata.token_endpoint, {
    method: "POST",
    body: new URLSearchParams({
      ...{ grant_type: "authorization_code", code: callback.get("code"), redirect_uri: redirect },
      ...client,
      ...(quirks.includes("pkce") ? { code_verifier: verifier } : {}),
    }),
  });
  const audience = client.client_id;
  const { payload } = await jwtVerify(tokens.id_token, keys, { issuer, audience });
  const isOurs = !quirks.includes("nonce") || payload.nonce === nonce;
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  const person = quirks.includes("userinfo")
    ? await json(metadata.userinfo_endpoint, { headers })
    : payload;
  const isSame = isOurs && person.sub === payload.sub;
  response.writeHead(isSame ? 200 : 400).end(JSON.stringify({ email: person.email }));
}
