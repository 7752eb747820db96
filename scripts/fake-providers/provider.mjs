import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { interactionPolicy, Provider } from "oidc-provider";
import { isLoopback } from "../settings.mjs";
import { chooser, problem, send } from "./page.mjs";
import { personFrom } from "./people.mjs";

/** The request listener of a fake provider that behaves like `as` and knows `client`. */
export async function createFakeProvider(as, issuer, client) {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  const chosen = new Map();
  const provider = new Provider(issuer, {
    adapter: Memory,
    claims: { openid: ["sub"], email: ["email", "email_verified", "hd"], profile: ["name"] },
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: [`http://localhost${callbackPath(as)}`],
        token_endpoint_auth_method: as.clientAuthMethods[0],
      },
    ],
    clientAuthMethods: as.clientAuthMethods,
    // Google and LinkedIn put the address into the ID token; by the standard it is in /userinfo.
    conformIdTokenClaims: false,
    // Browsers share cookies between the ports of one host.
    cookies: {
      names: Object.fromEntries(
        ["session", "interaction", "resume"].map((name) => [
          name,
          `fake-provider-${as.id}-${name}`,
        ]),
      ),
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: false },
    },
    expiresWithSession: () => false,
    findAccount: (_, number) => {
      const person = chosen.get(number);
      return (
        person && {
          accountId: number,
          claims: (use) => ({ sub: number, ...as.claims(person, use) }),
        }
      );
    },
    interactions: {
      policy: policy(),
      url: (_, { uid }) => `${as.path}/interaction/${uid}`,
    },
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), alg: "RS256", use: "sig" }] },
    renderError: (ctx, { error, error_description }) =>
      send(ctx, problem(as, error_description ?? error)),
    responseTypes: ["code"],
    scopes: ["openid", "profile", "email"],
  });
  provider.Client.prototype.redirectUriAllowed = (uri) => isCallback(uri, callbackPath(as));
  provider.on("server_error", (_, error) => console.error(error));
  if (as.quirks) provider.use(as.quirks);
  provider.use(choosing(provider, as, chosen));
  return mounted(provider.callback(), as.path);
}

/** The storage of oidc-provider, without sessions: each visit asks for the user again. */
class Memory {
  #rows = new Map();

  constructor(model) {
    this.forgets = model === "Session";
  }

  async upsert(id, row) {
    if (!this.forgets) this.#rows.set(id, row);
  }

  async find(id) {
    return this.#rows.get(id);
  }

  async findByUid() {}

  async consume(id) {
    this.#rows.get(id).consumed = true;
  }

  async destroy(id) {
    this.#rows.delete(id);
  }

  async revokeByGrantId(grantId) {
    for (const [id, row] of this.#rows) if (row.grantId === grantId) this.#rows.delete(id);
  }
}

function policy() {
  const { base, Prompt } = interactionPolicy;
  const prompts = base();
  prompts.add(new Prompt({ name: "select_account", requestable: true }), 0);
  return prompts;
}

const callbackPath = (as) => `/api/auth/callback/${as.id}`;

/** Allows any port of this machine, because tests run several servers at once. */
function isCallback(uri, path) {
  if (!URL.canParse(uri) || !isLoopback(uri)) return false;
  const { origin } = new URL(uri);
  return uri === origin + path;
}

/** Serves the account page and handles its form; a choice also grants consent. */
function choosing(provider, as, chosen) {
  return async (ctx, next) => {
    if (!ctx.path.startsWith("/interaction/")) return next();
    const interaction = await provider.interactionDetails(ctx.req, ctx.res).catch(() => null);
    if (!interaction) {
      ctx.status = 400;
      return send(ctx, problem(as, "This visit is over. Go back to the app and start again."));
    }
    const { scope, client_id, redirect_uri } = interaction.params;
    if (ctx.method !== "POST") return send(ctx, chooser(as), new URL(redirect_uri));
    const result = await resultOf(new URLSearchParams(await read(ctx.req)));
    ctx.redirect(
      await provider.interactionResult(ctx.req, ctx.res, result, {
        mergeWithLastSubmission: false,
      }),
    );
    ctx.status = 303;

    async function resultOf(form) {
      if (form.has("cancel")) {
        const [error, error_description] = as.cancelled;
        return { error, error_description };
      }
      const person = personFrom(as, form);
      chosen.set(person.number, person);
      const consent = new provider.Grant({ accountId: person.number, clientId: client_id });
      if (scope) consent.addOIDCScope(scope);
      return {
        login: { accountId: person.number },
        select_account: {},
        consent: { grantId: await consent.save() },
      };
    }
  };
}

async function read(request) {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  return body;
}

/** Serves under a path, as Express does for oidc-provider. */
function mounted(listener, path) {
  return (request, response) => {
    if (!request.url.startsWith(`${path}/`)) return response.writeHead(404).end();
    request.baseUrl = path;
    request.url = request.url.slice(path.length);
    return listener(request, response);
  };
}
