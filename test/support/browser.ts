import { randomUUID } from "node:crypto";
import type { z } from "zod";
import type { RequestContext, Flow, NewSession, CookieChanges, Requires } from "@/lib/runtime/flow";
import { startOAuth } from "@/lib/flows/oauth/start-oauth";
import { completeOAuth, type CallbackResult } from "@/lib/flows/oauth/complete-oauth";
import { signInWithPassword } from "@/lib/flows/password/sign-in-with-password";
import { redeemEmailCode } from "@/lib/flows/sign-in/redeem-email-code";
import { redeemMagicLink } from "@/lib/flows/sign-in/redeem-magic-link";
import { requestMagicLink } from "@/lib/flows/sign-in/request-magic-link";
import { requestSignUp } from "@/lib/flows/sign-up/request-sign-up";
import { verifySignUp } from "@/lib/flows/sign-up/verify-sign-up";
import { canonicalIp, networkOf } from "@/lib/core/ip";
import type { OAuthProvider } from "@/lib/core/oauth-providers";
import type { Result } from "@/lib/core/result";
import { runFlow, sessionReader } from "@/lib/runtime/run-flow";
import { digest } from "@/lib/core/crypto";
import type { ReadLetter, TestWorld } from "./world";

let households = 0;

/** An IP that no other browser of this file has. */
const ipOfItsOwn = () => `10.${(households += 1) >> 8}.${households & 255}.7`;

/**
 * A person's browser: keeps its cookies, sends what `web/request` would read from a request, and
 * takes what `web/perform` would give it. What is to happen after the response waits for `settle`.
 */
export class Browser {
  readonly name: string;
  ip: string;
  session: string | null = null;
  mailRequest: string | null = null;
  device: string | null = null;
  oauthAttempt: string | null = null;
  pendingIdentity: string | null = null;
  /** What came with the last answer. */
  cookieChanges: CookieChanges = {};
  readonly #afterResponse: (() => unknown)[] = [];

  constructor(
    readonly world: TestWorld,
    { name = "firefox/linux", ip = ipOfItsOwn() } = {},
  ) {
    this.name = name;
    this.ip = ip;
  }

  async run<Schema extends z.ZodType, Out, R extends Requires>(
    flow: Flow<Schema, Out, R>,
    input: unknown = {},
    { world = this.world, ...requestContext }: Partial<RequestContext> & { world?: TestWorld } = {},
  ): Promise<Result<Out>> {
    const mailRequest = this.mailRequest ?? world.random.token();
    const device = this.device ?? world.random.token();
    const sessionDigest = this.session && digest("session", this.session);
    const ip = canonicalIp(this.ip);
    const { result, cookieChanges, afterResponse } = await runFlow(
      world,
      flow,
      {
        requestId: randomUUID(),
        sameOrigin: true,
        shownTo: null,
        ip,
        network: networkOf(ip),
        browser: this.name,
        sessionDigest,
        requestingBrowserDigest: digest("requesting_browser", mailRequest),
        deviceDigest: digest("device", device),
        hasDeviceCookie: this.device !== null,
        readSession: sessionReader(world, sessionDigest),
        ...requestContext,
      },
      input,
    );
    this.cookieChanges = cookieChanges;
    if (cookieChanges.session)
      this.session = cookieChanges.session === "ended" ? null : cookieChanges.session.token;
    if (cookieChanges.oauthAttempt)
      this.oauthAttempt =
        cookieChanges.oauthAttempt === "ended" ? null : cookieChanges.oauthAttempt;
    if (cookieChanges.pendingIdentity)
      this.pendingIdentity =
        cookieChanges.pendingIdentity === "ended" ? null : cookieChanges.pendingIdentity;
    if (cookieChanges.mailRequest) this.mailRequest = mailRequest;
    if (cookieChanges.device) this.device = device;
    this.#afterResponse.push(...afterResponse);
    return result;
  }

  /** The response is out: what could wait until then is done now. */
  async settle(): Promise<void> {
    for (const task of this.#afterResponse.splice(0)) await task();
  }

  /** The session the last answer brought; fails when it brought none. */
  get newSession(): NewSession {
    if (!this.cookieChanges.session || this.cookieChanges.session === "ended")
      throw new Error("The last answer brought no session.");
    return this.cookieChanges.session;
  }

  requestLink(email: string, more: { remember?: "on"; next?: string } = {}) {
    return this.run(requestMagicLink, { email, ...more });
  }

  openLink({ token }: Pick<ReadLetter, "token">, username?: string) {
    return this.run(redeemMagicLink, username === undefined ? { token } : { token, username });
  }

  submitCode(code: string, email: string) {
    return this.run(redeemEmailCode, { email, code });
  }

  signUp(email: string, password: string, more: { remember?: "on"; next?: string } = {}) {
    return this.run(requestSignUp, { email, password, ...more });
  }

  verify(code: string, email: string) {
    return this.run(verifySignUp, { email, code });
  }

  signInWithPassword(
    email: string,
    password: string,
    more: { remember?: "on"; next?: string } = {},
  ) {
    return this.run(signInWithPassword, { email, password, ...more });
  }

  /** Sets out for a provider, to sign in. */
  startOAuth(provider: OAuthProvider, more: { next?: string } = {}) {
    return this.run(startOAuth, { provider, ...more });
  }

  /** Comes back from one, as whoever these claims name. */
  finishOAuth(provider: OAuthProvider, claims: Record<string, unknown>) {
    return this.finishOAuthWith(provider, { claims });
  }

  /** Comes back with whatever Auth.js would make of it. */
  finishOAuthWith(provider: OAuthProvider, callbackResult: CallbackResult) {
    const oauthAttempt = this.oauthAttempt ?? "";
    return this.run(completeOAuth, {
      provider,
      oauthAttempt,
      exchange: async () => callbackResult,
    });
  }

  /** There and back. */
  async signInWithProvider(provider: OAuthProvider, claims: Record<string, unknown>) {
    const left = await this.startOAuth(provider);
    return left.ok ? this.finishOAuth(provider, claims) : left;
  }

  /** Signs up with a password, reads the mail, types the code, here. */
  async join(email: string, password: string): Promise<void> {
    const asked = await this.signUp(email, password);
    const typed = asked.ok
      ? await this.verify((await this.world.letterTo(email)).code, email)
      : asked;
    if (!typed.ok) throw new Error(`${email} could not sign up: ${typed.refusal.code}`);
    await this.settle();
  }

  /** Asks, reads the mail, presses the button, here. */
  async signIn(email: string, more: { remember?: "on" } = {}): Promise<void> {
    const asked = await this.requestLink(email, more);
    const pressed = asked.ok ? await this.openLink(await this.world.letterTo(email)) : asked;
    if (!pressed.ok) throw new Error(`${email} could not sign in: ${pressed.refusal.code}`);
    await this.settle();
  }
}
