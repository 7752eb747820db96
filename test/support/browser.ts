import { callbackUrlWith } from "./world";
import { randomUUID } from "node:crypto";
import type { z } from "zod";
import type { RequestContext, NewSession, CookieChanges } from "@/lib/runtime/request-context";
import type { Flow, Requires } from "@/lib/runtime/flow";
import { startOAuth } from "@/lib/flows/oauth/start-oauth";
import { completeOAuth } from "@/lib/flows/oauth/complete-oauth";
import type { CallbackResult } from "@/lib/runtime/ports";
import { signInWithPassword } from "@/lib/flows/password/sign-in-with-password";
import { redeemEmailCode } from "@/lib/flows/sign-in/redeem-email-code";
import { redeemMagicLink } from "@/lib/flows/sign-in/redeem-magic-link";
import { requestMagicLink } from "@/lib/flows/sign-in/request-magic-link";
import { requestSignUp } from "@/lib/flows/sign-up/request-sign-up";
import { verifySignUp } from "@/lib/flows/sign-up/verify-sign-up";
import { canonicalIp, networkOf } from "@/lib/core/ip";
import type { Result } from "@/lib/core/result";
import { runFlow, sessionReader } from "@/lib/runtime/run-flow";
import { digest } from "@/lib/core/crypto";
import type { ReadLetter, TestWorld } from "./world";

let households = 0;

/** An IP that no other browser of this file has. */
const ipOfItsOwn = () => `10.${(households += 1) >> 8}.${households & 255}.7`;

/**
 * A person's browser. It stores cookies, sends the context that `web/request` would read from a
 * request, and applies the cookie changes that `web/run-for-request` would apply. Tasks for after
 * the response wait for `finishResponse`.
 */
export class Browser {
  readonly name: string;
  ip: string;
  country: string | null = null;
  session: string | null = null;
  mailRequest: string | null = null;
  device: string | null = null;
  oauthAttempt: string | null = null;
  pendingIdentity: string | null = null;
  /** The cookie changes of the last response. */
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
        acceptsCookies: true,
        ip,
        country: this.country,
        network: networkOf(ip),
        browser: this.name,
        sessionDigest,
        sessionRenewed: false,
        cookieHeader: null,
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

  /** Runs the tasks for after the response. */
  async finishResponse(): Promise<void> {
    for (const task of this.#afterResponse.splice(0)) await task();
  }

  /** The new session of the last response; throws when there is none. */
  get newSession(): NewSession {
    if (!this.cookieChanges.session || this.cookieChanges.session === "ended")
      throw new Error("The last answer brought no session.");
    return this.cookieChanges.session;
  }

  requestLink(email: string, more: { remember?: "on"; next?: string } = {}) {
    return this.run(requestMagicLink, { email, ...more });
  }

  openLink({ token }: Pick<ReadLetter, "token">, email?: string) {
    return this.run(redeemMagicLink, email === undefined ? { token } : { token, email });
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

  /** Starts an OAuth attempt, to sign in. */
  startOAuth(provider: string, more: { next?: string } = {}) {
    return this.run(startOAuth, { provider, ...more });
  }

  /** Completes the attempt with these claims. */
  finishOAuth(provider: string, claims: Record<string, unknown>) {
    return this.finishOAuthWith(provider, { claims });
  }

  /** Completes the attempt with this result of Auth.js. */
  finishOAuthWith(provider: string, callbackResult: CallbackResult) {
    const oauthAttempt = this.oauthAttempt ?? "";
    return this.run(completeOAuth, {
      provider,
      oauthAttempt,
      callbackUrl: callbackUrlWith(provider, callbackResult),
    });
  }

  /** Starts and completes an OAuth attempt. */
  async signInWithProvider(provider: string, claims: Record<string, unknown>) {
    const started = await this.startOAuth(provider);
    return started.ok ? this.finishOAuth(provider, claims) : started;
  }

  /** Signs up with a password, reads the email and submits the code, in this browser. */
  async signUpAndVerify(email: string, password: string): Promise<void> {
    const requested = await this.signUp(email, password);
    const verified = requested.ok
      ? await this.verify((await this.world.letterTo(email)).code, email)
      : requested;
    if (!verified.ok) throw new Error(`${email} could not sign up: ${verified.refusal.code}`);
    await this.finishResponse();
  }

  /** Requests a link, reads the email and submits the link's page, in this browser. */
  async signIn(email: string, more: { remember?: "on" } = {}): Promise<void> {
    const requested = await this.requestLink(email, more);
    const redeemed = requested.ok
      ? await this.openLink(await this.world.letterTo(email))
      : requested;
    if (!redeemed.ok) throw new Error(`${email} could not sign in: ${redeemed.refusal.code}`);
    await this.finishResponse();
  }
}
