import { rmSync } from "node:fs";
import { responses, idTokens, callbackUrl } from "@/test/support/oidc-server";
import { Client } from "./support/client";
import { extents } from "./support/extents";
import { textOf } from "./support/forms";
import type { HttpResponse } from "./support/http";
import { keysOf, type OidcServer, testWithProviders as test } from "./support/oidc";
import { Server } from "./support/server";
import { expect } from "./support/test";
import {
  press,
  type Provider,
  startOAuth,
  signInWithProvider,
  callbackUrlFrom,
} from "./support/oauth";

/** Providers that do what a script says: each wrong answer ends on one page, and nothing is half done. */

const sentences = {
  cancelled: "You cancelled signing in with",
  lost: "took too long, or was started in another browser",
  away: "isn’t responding. Use another sign-in method",
  untrusted: "sent a response we couldn’t verify",
  unvouched: "hasn’t verified your email address",
};

interface Fault {
  /** What the provider does. */
  readonly does: (oidc: OidcServer) => unknown;
  readonly told: keyof typeof sentences;
  readonly audit: RegExp;
  /** Where it cannot happen. */
  readonly not?: Provider;
}

const claims = (more: Record<string, unknown>) => (oidc: OidcServer) =>
  Object.assign(oidc.person, more);
const idToken = (forgery: OidcServer["script"]["idToken"]) => (oidc: OidcServer) =>
  (oidc.script.idToken = forgery!);
const comesBack =
  (linkedMethod: NonNullable<OidcServer["script"]["callbackUrl"]>) => (oidc: OidcServer) =>
    (oidc.script.callbackUrl = linkedMethod);
const atToken = (response: NonNullable<OidcServer["script"]["token"]>) => (oidc: OidcServer) =>
  (oidc.script.token = response);

/** What keeps us waiting is in a test of its own. */
const faults: Record<string, Fault> = {
  "cancelled, as Google says it": {
    does: comesBack(callbackUrl.denied),
    told: "cancelled",
    audit: /access_denied/,
  },
  "cancelled, as LinkedIn says it": {
    does: comesBack(callbackUrl.cancelled),
    told: "cancelled",
    audit: /user_cancelled_login/,
  },
  "down for a while": {
    does: comesBack(callbackUrl.unavailable),
    told: "away",
    audit: /temporarily_unavailable/,
  },
  "broken, by its own account": {
    does: comesBack(callbackUrl.serverError),
    told: "away",
    audit: /server_error/,
  },
  "an error nobody knows": {
    does: comesBack({ error: "<script>", code: undefined }),
    told: "untrusted",
    audit: /:unknown$/,
  },
  "without the state": { does: comesBack(callbackUrl.withoutState), told: "lost", audit: /state/ },
  "with another state": { does: comesBack(callbackUrl.otherState), told: "lost", audit: /state/ },
  "without a code": { does: comesBack(callbackUrl.withoutCode), told: "untrusted", audit: /./ },
  "a code that was used before": {
    does: atToken(responses.error("invalid_grant")),
    told: "lost",
    audit: /code/,
  },
  "500 for the code": {
    does: atToken(responses.error("oops", 500)),
    told: "away",
    audit: /status_500/,
  },
  "HTML for JSON": {
    does: atToken(responses.html()),
    told: "away",
    audit: /unsupported_media_type/,
  },
  "two million characters": { does: atToken(responses.large()), told: "away", audit: /too_large/ },
  "an answer without an end": {
    does: atToken(responses.endless()),
    told: "away",
    audit: /too_large/,
  },
  "a redirect elsewhere": {
    does: atToken(responses.redirect("http://127.0.0.1:9/")),
    told: "away",
    audit: /redirect/,
  },
  "a connection that breaks": {
    does: atToken(responses.reset()),
    told: "away",
    audit: /unreachable/,
  },
  "no ID token": {
    does: atToken(responses.with({ id_token: undefined })),
    told: "untrusted",
    audit: /./,
  },
  "an ID token that is a number": {
    does: atToken(responses.with({ id_token: 7 })),
    told: "untrusted",
    audit: /./,
  },
  "an ID token by a key that nobody knows": {
    does: idToken(idTokens.unknownKey),
    told: "untrusted",
    audit: /id_token_key_unknown/,
  },
  "an ID token by another key of that name": {
    does: idToken(idTokens.forgedKey),
    told: "untrusted",
    audit: /id_token_signature/,
  },
  "an ID token without a signature": {
    does: idToken(idTokens.unsigned),
    told: "untrusted",
    audit: /./,
  },
  "an ID token signed with our secret": {
    does: idToken(idTokens.signedWithSecret),
    told: "untrusted",
    audit: /./,
  },
  "an ID token signed with the public key": {
    does: idToken(idTokens.signedWithPublicKey),
    told: "untrusted",
    audit: /./,
  },
  "another issuer": { does: idToken(idTokens.otherIssuer), told: "untrusted", audit: /./ },
  "another audience": { does: idToken(idTokens.otherAudience), told: "untrusted", audit: /./ },
  "an audience beside us": { does: idToken(idTokens.otherParty), told: "untrusted", audit: /./ },
  "an ID token that is over": { does: idToken(idTokens.expired), told: "untrusted", audit: /./ },
  "an ID token that is not yet": { does: idToken(idTokens.notYet), told: "untrusted", audit: /./ },
  "nobody's ID token": { does: idToken(idTokens.withoutSubject), told: "untrusted", audit: /./ },
  "another nonce": {
    does: idToken(idTokens.otherNonce),
    told: "untrusted",
    audit: /./,
    not: "linkedin",
  },
  "no nonce": {
    does: idToken(idTokens.withoutNonce),
    told: "untrusted",
    audit: /./,
    not: "linkedin",
  },
  "userinfo of somebody else": {
    does: (oidc) => (oidc.script.userinfo = responses.with({ sub: "somebody-else" })),
    told: "untrusted",
    audit: /./,
    not: "google",
  },
  "userinfo as HTML": {
    does: (oidc) => (oidc.script.userinfo = responses.html()),
    told: "away",
    audit: /unsupported_media_type/,
    not: "google",
  },
  "an address that is not verified": {
    does: claims({ email_verified: false }),
    told: "unvouched",
    audit: /unverified/,
  },
  "verified as a text": {
    does: claims({ email_verified: "true" }),
    told: "unvouched",
    audit: /unverified/,
  },
  "no word about it": {
    does: claims({ email_verified: undefined }),
    told: "unvouched",
    audit: /unverified/,
  },
  "no address": { does: claims({ email: undefined }), told: "unvouched", audit: /missing/ },
  "an address that is a list": {
    does: claims({ email: ["ada@example.com"] }),
    told: "unvouched",
    audit: /missing/,
  },
};

/** No session, nobody new, no trace of the trip; and whoever wants to can come by mail. */
async function expectNothingDone(client: Client, before: number, count: () => Promise<number>) {
  expect([...client.jar.keys()].sort()).toEqual(["latchkey-flash"]);
  expect(await count()).toBe(before);
  expect(textOf((await client.get("/sign-in")).body)).toContain("Email me a sign-in link");
}

const providers = ["google", "linkedin"] as const;

for (const { extent, details, isWhole } of extents)
  for (const provider of providers)
    test(
      `${provider}: whatever it answers, people read what to do, and nothing is half done, ${extent}`,
      details,
      async ({ oidc, newClient, newAddress, db }) => {
        const script = oidc[provider];
        for (const [at, [name, { does, told: what, audit, not }]] of Object.entries(
          faults,
        ).entries()) {
          // In part, one provider has every other fault, and the other has the rest; each its own.
          const isTried = isWhole || not || at % 2 === Number(provider === "google");
          if (not === provider || !isTried) continue;
          await test.step(name, async () => {
            await db.clearLimits();
            script.resetProviders();
            script.person.email = newAddress("ada");
            does(script);
            const client = newClient();
            const before = await db.users();
            const response = await signInWithProvider(client, provider);
            const page = await client.follow(response);
            const text = textOf(page.body);
            expect(text, name).toContain(sentences[what]);
            if (what !== "cancelled") expect(text, name).toMatch(/Reference: [0-9a-f-]{36}/);
            await expectNothingDone(client, before, () => db.users());
            expect(await db.lastCause("oauth.complete"), name).toMatch(audit);
          });
        }
        script.resetProviders();
        script.person.email = newAddress("ada");
        const client = newClient();
        await client.follow(await signInWithProvider(client, provider));
        expect(client.jar.has("latchkey-session"), "and then it works").toBe(true);
      },
    );

test(
  "a provider that never answers is given up, wherever it is silent",
  { tag: "@long" },
  async ({ oidc, newAddress, server }) => {
    const told = async (client: Client, response: Promise<HttpResponse>) => {
      const page = textOf((await client.follow(await response)).body);
      expect(page).toContain(sentences.away);
      expect([...client.jar.keys()]).toEqual(["latchkey-flash"]);
    };
    // A server that knows nothing of them yet.
    await server.restart();
    await Promise.all(
      providers.map(async (provider) => {
        oidc[provider].script.discovery = responses.hang();
        const client = new Client(server);
        await told(client, press(client, provider));
      }),
    );
    for (const endpoint of ["token", "keys"] as const)
      await Promise.all(
        providers.map(async (provider) => {
          oidc[provider].resetProviders();
          oidc[provider].person.email = newAddress("ada");
          await oidc[provider].rotateKeys();
          const client = new Client(server);
          const back = await callbackUrlFrom(await startOAuth(client, provider));
          oidc[provider].script[endpoint] = responses.hang();
          await told(client, client.get(back));
        }),
      );
  },
);

test(
  "a trip ends where it began, whatever this machine is called",
  { tag: "@long" },
  async ({ oidc, newAddress }) => {
    const server = await Server.start({ name: "127.0.0.1", settings: keysOf(oidc) });
    for (const provider of providers) {
      oidc[provider].person.email = newAddress("ada");
      const client = new Client(server);
      await signInWithProvider(client, provider);
      expect(client.jar.has("latchkey-session")).toBe(true);
    }
    await server.stop();
    rmSync(server.dataDir, { recursive: true, force: true });
  },
);
