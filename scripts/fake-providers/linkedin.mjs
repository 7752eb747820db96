import { numberFrom } from "./people.mjs";

/** How LinkedIn differs from other providers. Much of it is undocumented and seen in its responses. */
export const linkedin = {
  id: "linkedin",
  name: "LinkedIn",
  path: "/oauth",
  clientAuthMethods: ["client_secret_post"],
  cancelled: ["user_cancelled_login", "The user cancelled LinkedIn login"],
  hasWorkspaces: false,
  people: [
    { email: "ada@example.com", verified: true, about: "Verified." },
    { email: "ada@gmail.com", verified: true, about: "Verified." },
    { email: "unverified@example.com", verified: false, about: "Not verified." },
    { email: "", verified: false, about: "LinkedIn tells no address." },
  ],
  accountNumber: (email) => numberFrom("linkedin", email).toString(36).slice(0, 10),
  claims: ({ email, verified, name }, use) => ({
    name,
    // Text in the ID token, a boolean from /userinfo.
    ...(email && { email, email_verified: use === "id_token" ? String(verified) : verified }),
  }),
  quirks,
};

async function quirks(ctx, next) {
  if (ctx.path === "/auth") ctx.query = withoutIgnored(ctx.query);
  if (ctx.path === "/token") delete ctx.req.headers.authorization;
  await next();
  const { oidc, body } = ctx;
  if (oidc?.route === "discovery") {
    delete body.authorization_response_iss_parameter_supported;
    delete body.code_challenge_methods_supported;
  }
  // LinkedIn ignores the challenge and refuses its verifier, with a message of its own.
  if (oidc?.route === "token" && oidc.params?.code_verifier !== undefined) {
    ctx.status = 400;
    ctx.body = {
      error: "invalid_request",
      error_description: 'The parameter "code_verifier" is not permitted for this client',
    };
  }
  const to = ctx.response.get("location");
  if (oidc?.route === "resume" && to) ctx.set("location", withoutIssuer(to));
}

/** LinkedIn ignores PKCE for a client with a secret, and returns no nonce. */
function withoutIgnored(query) {
  const { nonce, code_challenge, code_challenge_method, ...rest } = query;
  return rest;
}

function withoutIssuer(address) {
  const url = new URL(address);
  url.searchParams.delete("iss");
  return url.href;
}
