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
  attemptCookies,
  submitProvider,
  type Provider,
  startOAuth,
  signInWithProvider,
  callbackUrlFrom,
} from "./support/oauth";

/** Scripted providers: each wrong response leads to one page, and nothing is written. */

const sentences = {
  cancelled: "You cancelled signing in with",
  lost: "took too long, was completed before, or was started in another browser",
  unavailable: "isn’t responding. Use another sign-in method",
  untrusted: "sent a response we couldn’t verify",
  unverified: "hasn’t verified your email address",
};

interface Fault {
  /** Scripts the provider. */
  readonly script: (oidc: OidcServer) => unknown;
  readonly message: keyof typeof sentences;
  readonly audit: RegExp;
  /** The provider at which it cannot happen. */
  readonly not?: Provider;
  readonly attemptStays?: true;
}

const claims = (more: Record<string, unknown>) => (oidc: OidcServer) =>
  Object.assign(oidc.person, more);
const idToken = (forgery: OidcServer["script"]["idToken"]) => (oidc: OidcServer) =>
  (oidc.script.idToken = forgery!);
const callsBack =
  (callback: NonNullable<OidcServer["script"]["callbackUrl"]>) => (oidc: OidcServer) =>
    (oidc.script.callbackUrl = callback);
const atToken = (response: NonNullable<OidcServer["script"]["token"]>) => (oidc: OidcServer) =>
  (oidc.script.token = response);

/** Faults that respond at once; silent providers have a test of their own. */
const faults: Record<string, Fault> = {
  "cancelled, with Google's error": {
    script: callsBack(callbackUrl.denied),
    message: "cancelled",
    audit: /access_denied/,
  },
  "cancelled, with LinkedIn's error": {
    script: callsBack(callbackUrl.cancelled),
    message: "cancelled",
    audit: /user_cancelled_login/,
  },
  "temporarily unavailable": {
    script: callsBack(callbackUrl.unavailable),
    message: "unavailable",
    audit: /temporarily_unavailable/,
  },
  "a server error": {
    script: callsBack(callbackUrl.serverError),
    message: "unavailable",
    audit: /server_error/,
  },
  "an unknown error": {
    script: callsBack({ error: "<script>", code: undefined }),
    message: "untrusted",
    audit: /:unknown$/,
  },
  "a callback without the state": {
    script: callsBack(callbackUrl.withoutState),
    message: "lost",
    audit: /:unknown$/,
  },
  "a callback with another state": {
    script: callsBack(callbackUrl.otherState),
    message: "lost",
    audit: /:unknown$/,
    // It may be another site's, and the user may still come back.
    attemptStays: true,
  },
  "an ID token for another access token": {
    script: idToken(idTokens.otherAccessToken),
    message: "untrusted",
    audit: /id_token_access_token_hash/,
  },
  "an ID token issued in the future": {
    script: idToken(idTokens.fromTheFuture),
    message: "untrusted",
    audit: /id_token_issued_at/,
  },
  "a callback without a code": {
    script: callsBack(callbackUrl.withoutCode),
    message: "untrusted",
    audit: /./,
  },
  "a code that was used before": {
    script: atToken(responses.error("invalid_grant")),
    message: "lost",
    audit: /code/,
  },
  "500 for the code": {
    script: atToken(responses.error("oops", 500)),
    message: "unavailable",
    audit: /status_500/,
  },
  "HTML instead of JSON": {
    script: atToken(responses.html()),
    message: "unavailable",
    audit: /not_json/,
  },
  "a response of two million characters": {
    script: atToken(responses.large()),
    message: "unavailable",
    audit: /too_large/,
  },
  "an endless response": {
    script: atToken(responses.endless()),
    message: "unavailable",
    audit: /too_large/,
  },
  "a redirect elsewhere": {
    script: atToken(responses.redirect("http://127.0.0.1:9/")),
    message: "unavailable",
    audit: /redirect/,
  },
  "a connection that breaks": {
    script: atToken(responses.reset()),
    message: "unavailable",
    audit: /unreachable/,
  },
  "no ID token": {
    script: atToken(responses.with({ id_token: undefined })),
    message: "untrusted",
    audit: /./,
  },
  "an ID token that is a number": {
    script: atToken(responses.with({ id_token: 7 })),
    message: "untrusted",
    audit: /./,
  },
  "an ID token signed with an unknown key": {
    script: idToken(idTokens.unknownKey),
    message: "untrusted",
    audit: /id_token_key_unknown/,
  },
  "an ID token signed with another key of the same id": {
    script: idToken(idTokens.forgedKey),
    message: "untrusted",
    audit: /id_token_signature/,
  },
  "an ID token without a signature": {
    script: idToken(idTokens.unsigned),
    message: "untrusted",
    audit: /./,
  },
  "an ID token signed with our secret": {
    script: idToken(idTokens.signedWithSecret),
    message: "untrusted",
    audit: /./,
  },
  "an ID token signed with the public key": {
    script: idToken(idTokens.signedWithPublicKey),
    message: "untrusted",
    audit: /./,
  },
  "another issuer": { script: idToken(idTokens.otherIssuer), message: "untrusted", audit: /./ },
  "another audience": { script: idToken(idTokens.otherAudience), message: "untrusted", audit: /./ },
  "an additional audience": {
    script: idToken(idTokens.otherParty),
    message: "untrusted",
    audit: /./,
  },
  "an expired ID token": {
    script: idToken(idTokens.expired),
    message: "untrusted",
    audit: /:id_token_expiry$/,
  },
  "an ID token that is not valid yet": {
    script: idToken(idTokens.notYet),
    message: "untrusted",
    audit: /./,
  },
  "an ID token without a subject": {
    script: idToken(idTokens.withoutSubject),
    message: "untrusted",
    audit: /./,
  },
  "another nonce": {
    script: idToken(idTokens.otherNonce),
    message: "untrusted",
    audit: /./,
    not: "linkedin",
  },
  "no nonce": {
    script: idToken(idTokens.withoutNonce),
    message: "untrusted",
    audit: /./,
    not: "linkedin",
  },
  "userinfo of another user": {
    script: (oidc) => (oidc.script.userinfo = responses.with({ sub: "another-user" })),
    message: "untrusted",
    audit: /./,
    not: "google",
  },
  "userinfo as HTML": {
    script: (oidc) => (oidc.script.userinfo = responses.html()),
    message: "unavailable",
    audit: /not_json/,
    not: "google",
  },
  "an unverified address": {
    script: claims({ email_verified: false }),
    message: "unverified",
    audit: /unverified/,
  },
  "email_verified as text": {
    script: claims({ email_verified: "true" }),
    message: "unverified",
    audit: /unverified/,
  },
  "no email_verified": {
    script: claims({ email_verified: undefined }),
    message: "unverified",
    audit: /unverified/,
  },
  "no address": { script: claims({ email: undefined }), message: "unverified", audit: /missing/ },
  "an address that is a list": {
    script: claims({ email: ["ada@example.com"] }),
    message: "unverified",
    audit: /missing/,
  },
};

/** Expects no session, no new user and no OAuth cookies, but the one of any browser; and the sign-in page. */
async function expectNothingDone(client: Client, before: number, count: () => Promise<number>) {
  expect([...client.jar.keys()].sort()).toEqual(["latchkey-mail_request"]);
  expect(await count()).toBe(before);
  expect(textOf((await client.get("/sign-in")).body)).toContain("Email me a sign-in link");
}

const providers = ["google", "linkedin"] as const;

for (const { extent, details, isWhole } of extents)
  for (const provider of providers)
    test(
      `after each fault of ${provider} the user reads what to do, and nothing is written, ${extent}`,
      details,
      async ({ oidc, newClient, newAddress, db, server: latchkey }) => {
        const server = oidc[provider];
        const logStart = latchkey.outputLines.length;
        for (const [at, [name, { script, message, audit, not, attemptStays }]] of Object.entries(
          faults,
        ).entries()) {
          // In part, each provider has half of the common faults, and all of its own.
          const isTried = isWhole || not || at % 2 === Number(provider === "google");
          if (not === provider || !isTried) continue;
          await test.step(name, async () => {
            await db.clearLimits();
            server.resetProviders();
            server.person.email = newAddress("ada");
            script(server);
            const client = newClient();
            const before = await db.users();
            const response = await signInWithProvider(client, provider);
            const page = await client.follow(response);
            const text = textOf(page.body);
            expect(text, name).toContain(sentences[message]);
            if (message !== "cancelled") expect(text, name).toMatch(/Reference: [0-9a-f-]{36}/);
            expect(attemptCookies(client)).toHaveLength(attemptStays ? 1 : 0);
            for (const [name] of attemptCookies(client)) client.jar.delete(name);
            await expectNothingDone(client, before, () => db.users());
            expect(await db.lastCause("oauth.complete"), name).toMatch(audit);
          });
        }
        // The log names what was wrong with a response, such as the claim.
        const logged = () => latchkey.outputLines.slice(logStart).join("\n");
        await expect
          .poll(logged)
          .toMatch(/"cause":"id_token_\w+","event":"provider.response_rejected"/);
        server.resetProviders();
        // An account of its own, which later tests do not know.
        Object.assign(server.person, { email: newAddress("ada"), sub: newAddress("subject") });
        const client = newClient();
        await client.follow(await signInWithProvider(client, provider));
        expect(client.jar.has("latchkey-session"), "signs in without a fault").toBe(true);
      },
    );

test(
  "requests to a silent provider time out at each of its endpoints, and work once it responds",
  { tag: "@long" },
  async ({ oidc, newAddress, server }) => {
    const expectUnavailable = async (client: Client, response: Promise<HttpResponse>) => {
      const page = textOf((await client.follow(await response)).body);
      expect(page).toContain(sentences.unavailable);
      expect([...client.jar.keys()]).toEqual(["latchkey-mail_request"]);
    };
    // After a restart the server has no metadata of the providers.
    await server.restart();
    await Promise.all(
      providers.map(async (provider) => {
        oidc[provider].script.discovery = responses.hang();
        const client = new Client(server);
        await expectUnavailable(client, submitProvider(client, provider));
      }),
    );
    for (const endpoint of ["token", "keys"] as const)
      await Promise.all(
        providers.map(async (provider) => {
          oidc[provider].resetProviders();
          oidc[provider].person.email = newAddress("ada");
          await oidc[provider].rotateKeys();
          const client = new Client(server);
          const callback = await callbackUrlFrom(await startOAuth(client, provider));
          oidc[provider].script[endpoint] = responses.hang();
          await expectUnavailable(client, client.get(callback));
          // The request without a response was ended, and the next user does not wait for it.
          oidc[provider].resetProviders();
          oidc[provider].person.email = newAddress("ada");
          const next = new Client(server);
          await signInWithProvider(next, provider);
          expect(next.jar.has("latchkey-session"), `${provider} after ${endpoint}`).toBe(true);
        }),
      );
  },
);

test(
  "an OAuth attempt ends on the origin where it started, also when that is an IP address",
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
