import { randomUUID } from "node:crypto";
import type { z } from "zod";
import type { Evidence, Flow, Grant, Handover, Requires } from "@/lib/runtime/flow";
import { beginHandshake } from "@/lib/flows/oauth/start-oauth";
import { completeHandshake, type Returned } from "@/lib/flows/oauth/complete-oauth";
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
  asking: string | null = null;
  device: string | null = null;
  handshake: string | null = null;
  parked: string | null = null;
  /** What came with the last answer. */
  handover: Handover = {};
  readonly #afterwards: (() => unknown)[] = [];

  constructor(
    readonly world: TestWorld,
    { name = "Firefox on Linux", ip = ipOfItsOwn() } = {},
  ) {
    this.name = name;
    this.ip = ip;
  }

  async run<Schema extends z.ZodType, Out, R extends Requires>(
    flow: Flow<Schema, Out, R>,
    input: unknown = {},
    { world = this.world, ...evidence }: Partial<Evidence> & { world?: TestWorld } = {},
  ): Promise<Result<Out>> {
    const asking = this.asking ?? world.chance.token();
    const device = this.device ?? world.chance.token();
    const sessionDigest = this.session && digest("session", this.session);
    const ip = canonicalIp(this.ip);
    const { result, handover, afterwards } = await runFlow(
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
        askingDigest: digest("asking_browser", asking),
        deviceDigest: digest("device", device),
        deviceIsOld: this.device !== null,
        readSession: sessionReader(world, sessionDigest),
        ...evidence,
      },
      input,
    );
    this.handover = handover;
    if (handover.session)
      this.session = handover.session === "ended" ? null : handover.session.token;
    if (handover.handshake)
      this.handshake = handover.handshake === "ended" ? null : handover.handshake;
    if (handover.parked) this.parked = handover.parked === "ended" ? null : handover.parked;
    if (handover.asking) this.asking = asking;
    if (handover.device) this.device = device;
    this.#afterwards.push(...afterwards);
    return result;
  }

  /** The response is out: what could wait until then is done now. */
  async settle(): Promise<void> {
    for (const task of this.#afterwards.splice(0)) await task();
  }

  /** The session the last answer brought; fails when it brought none. */
  get grant(): Grant {
    if (!this.handover.session || this.handover.session === "ended")
      throw new Error("The last answer brought no session.");
    return this.handover.session;
  }

  ask(email: string, more: { keep?: "on"; next?: string } = {}) {
    return this.run(requestMagicLink, { email, ...more });
  }

  press({ token }: Pick<ReadLetter, "token">, username?: string) {
    return this.run(redeemMagicLink, username === undefined ? { token } : { token, username });
  }

  type(code: string, email: string) {
    return this.run(redeemEmailCode, { email, code });
  }

  signUp(email: string, password: string, more: { keep?: "on"; next?: string } = {}) {
    return this.run(requestSignUp, { email, password, ...more });
  }

  verify(code: string, email: string) {
    return this.run(verifySignUp, { email, code });
  }

  enter(email: string, password: string, more: { keep?: "on"; next?: string } = {}) {
    return this.run(signInWithPassword, { email, password, ...more });
  }

  /** Sets out for a provider, to sign in. */
  leave(provider: OAuthProvider, more: { next?: string } = {}) {
    return this.run(beginHandshake, { provider, ...more });
  }

  /** Comes back from one, as whoever these claims name. */
  comeBack(provider: OAuthProvider, claims: Record<string, unknown>) {
    return this.comeBackWith(provider, { claims });
  }

  /** Comes back with whatever Auth.js would make of it. */
  comeBackWith(provider: OAuthProvider, returned: Returned) {
    const handshake = this.handshake ?? "";
    return this.run(completeHandshake, { provider, handshake, exchange: async () => returned });
  }

  /** There and back. */
  async travel(provider: OAuthProvider, claims: Record<string, unknown>) {
    const left = await this.leave(provider);
    return left.ok ? this.comeBack(provider, claims) : left;
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
  async signIn(email: string, more: { keep?: "on" } = {}): Promise<void> {
    const asked = await this.ask(email, more);
    const pressed = asked.ok ? await this.press(await this.world.letterTo(email)) : asked;
    if (!pressed.ok) throw new Error(`${email} could not sign in: ${pressed.refusal.code}`);
    await this.settle();
  }
}
