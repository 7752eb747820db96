import type { Db } from "@/db/client";
import type { Duration } from "@/lib/core/duration";
import type {
  Caller,
  Ctx,
  RequestContext,
  Flow,
  CookieChanges,
  LimitRule,
  Requires,
  World,
} from "./flow";
import { countRejection, recordEvent, type AuditFacts } from "@/lib/store/audit-log";
import { isKnownDevice } from "@/lib/store/known-devices";
import { queueLetters, type QueuedLetter } from "@/lib/store/outbox";
import { readSession, touchSession } from "@/lib/store/sessions";
import { intervals, limits, type LimitName } from "@/lib/core/policy";
import { isRefusalCode } from "@/lib/core/errors";
import { type Refusal, refuse, type Result } from "@/lib/core/result";
import { keyedHash } from "@/lib/core/crypto";
import type { z } from "zod";

/** What came of a run: the answer, and what the face has to carry to the browser. */
export interface FlowRun<Out> {
  readonly result: Result<Out>;
  readonly cookieChanges: CookieChanges;
  /** What can wait until the response is out. */
  readonly afterResponse: readonly (() => unknown)[];
}

/**
 * The only road into a flow: parse, admit, take limits, run, record. Every face comes through here,
 * so none can forget a step. Refusals: those of the flow, and `cross_site`, `signed_in_as_other`,
 * `invalid_input` or the schema's own, `sign_in_required`, `not_found`, `step_up_required`, the
 * limits' (429), `unavailable` when the database is away.
 * Throws only what is a bug.
 */
export async function runFlow<Schema extends z.ZodType, Out, R extends Requires>(
  world: World,
  flow: Flow<Schema, Out, R>,
  requestContext: RequestContext,
  raw: unknown,
  runTimeout: Duration = intervals.run,
): Promise<FlowRun<Out>> {
  const run = new Run(world, flow, requestContext);
  const { requestId } = requestContext;
  const unavailable = {
    ...nothing,
    result: refuse("unavailable", { retryAfter: intervals.unavailable, reference: requestId }),
  };
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<typeof unavailable>((resolve) => {
    timer = setTimeout(() => {
      run.timeOut();
      world.log.warn("database.slow", { flow: flow.name, requestId });
      resolve(unavailable);
    }, runTimeout * 1000);
  });
  try {
    const flowRun = await Promise.race([run.execute(raw), tooLong]);
    if (flowRun.result.ok) return flowRun;
    const { refusal } = flowRun.result;
    world.log.warn("refused", {
      flow: flow.name,
      code: refusal.code,
      requestId,
    });
    return { ...flowRun, result: { ok: false, refusal: { ...refusal, reference: requestId } } };
  } catch (error) {
    if (!world.isDatabaseUnavailable(error) && !(error instanceof RunTimedOut)) throw error;
    world.log.warn("database.unavailable", { flow: flow.name, requestId });
    return unavailable;
  } finally {
    clearTimeout(timer);
  }
}

const nothing = { cookieChanges: {}, afterResponse: [] } as const;

/** The caller was told "unavailable"; nothing may be committed behind their back. */
class RunTimedOut extends Error {}

class Run<Schema extends z.ZodType, Out, R extends Requires> {
  #abandoned = false;
  #transaction: Db | undefined;
  #recorded = false;
  #suppressed = false;
  #knownDevice = false;
  readonly #consumed: string[] = [];
  /** All that counts mail: the above, and the letters to an address. */
  readonly #mail: string[] = [];
  readonly #letters: QueuedLetter[] = [];
  readonly #cookieChanges: CookieChanges = {};
  readonly #returns: string[] = [];
  #auditSubject: Pick<AuditFacts, "subjectId" | "identifier" | "cause"> = {};

  constructor(
    readonly world: World,
    readonly flow: Flow<Schema, Out, R>,
    readonly requestContext: RequestContext,
  ) {}

  /** A run that got stuck with a connection would keep others from it. */
  timeOut() {
    this.#abandoned = true;
    if (this.#transaction) this.world.endTransaction(this.#transaction);
  }

  async execute(raw: unknown): Promise<FlowRun<Out>> {
    if (this.flow.kind === "write" && !this.requestContext.sameOrigin)
      return this.#reject({ code: "cross_site" });
    // Before anything is said of the input, which is not for whoever is signed in now to know.
    const notTheirs = await this.#formOfAnother();
    if (notTheirs) return this.#reject(notTheirs);
    const parsed = this.flow.input.safeParse(raw);
    if (!parsed.success) return this.#reject(refusalOf(parsed.error));
    const input = parsed.data;
    if (this.flow.identifierOf) this.#auditSubject = { identifier: this.flow.identifierOf(input) };

    const session = await this.requestContext.readSession();
    if (this.flow.requires === "session" && !session)
      return this.#reject({ code: "sign_in_required" });
    if (this.flow.requires === "local" && !this.world.mailbox)
      return this.#reject({ code: "not_found" });
    const { maxAuthAge } = this.flow;
    const method =
      typeof this.flow.method === "function" ? this.flow.method(input) : this.flow.method;
    if (method && !this.world.env.methods.includes(method))
      return this.#reject({ code: "not_found" });
    if (maxAuthAge && session && session.authAge >= maxAuthAge)
      return this.#reject({ code: "step_up_required" });

    // Not a copy: that would have everything worked out which an evidence keeps until it is asked.
    const caller = Object.assign(Object.create(this.requestContext) as RequestContext, { session });
    const rejection = await this.#takeLimits(input, caller);
    if (rejection) return this.#reject(rejection);

    // `requires` was just checked, which is what the context's type promises.
    const result = await this.flow.run(
      this.#context(caller) as Parameters<typeof this.flow.run>[0],
      input,
    );
    if (!result.ok && this.flow.kind === "write" && !this.#recorded) {
      // Of these there are floods too, when there are.
      if (result.refusal.code === "overloaded") await this.#count(result.refusal);
      else await recordEvent(this.world.db, this.#facts(caller, result));
    }
    const tasks = [
      ...this.#returns.map((receipt) => () => this.#refund(receipt)),
      ...(this.#letters.length > 0 ? [this.world.wakeCourier] : []),
      ...(session?.stale ? [() => touchSession(this.world.db, session.id)] : []),
    ];
    const afterResponse = tasks.map((task) => () => this.#afterResponse(task));
    return { result, cookieChanges: this.#cookieChanges, afterResponse };
  }

  /** Why a form is refused whose page showed another, or nobody, as signed in than who is now. */
  async #formOfAnother(): Promise<Refusal | null> {
    const { shownTo } = this.requestContext;
    if (shownTo === null) return null;
    const session = await this.requestContext.readSession();
    if (shownTo === (session?.userId ?? "")) return null;
    return session
      ? { code: "signed_in_as_other", address: session.email }
      : { code: "sign_in_required" };
  }

  /** A "no" before the flow ran. Of those there can be floods, so writes count them by hour. */
  async #reject(refusal: Refusal): Promise<FlowRun<Out>> {
    if (this.flow.kind === "write") await this.#count(refusal);
    return { ...nothing, result: { ok: false, refusal } };
  }

  #count({ code }: Refusal) {
    const keyHash = this.#hash("audit", this.requestContext.network);
    return countRejection(this.world.db, { event: this.flow.name, outcome: code, keyHash });
  }

  #refund(receipt: string) {
    const [rule = "", keyHash = "", hit = ""] = receipt.split(" ");
    return this.world.limiter.refund(rule, keyHash, hit);
  }

  /** After the response nobody waits for an answer: what fails then costs nobody what they came for. */
  async #afterResponse(task: () => unknown) {
    try {
      await task();
    } catch (error) {
      const facts = { flow: this.flow.name, requestId: this.requestContext.requestId };
      if (this.world.isDatabaseUnavailable(error))
        this.world.log.warn("database.unavailable", facts);
      else this.world.log.error("afterwards.failed", { ...facts, error });
    }
  }

  async #takeLimits(input: z.output<Schema>, caller: Caller): Promise<Refusal | null> {
    const { identifierOf, limits: rules } = this.flow;
    const needsKnownDevice =
      identifierOf && this.requestContext.hasDeviceCookie && rules.some((rule) => rule.knownDevice);
    if (needsKnownDevice)
      this.#knownDevice = await isKnownDevice(
        this.world.db,
        this.requestContext.deviceDigest,
        identifierOf(input),
      );
    for (const rule of rules) {
      const [name, key] = this.#budget(rule, input, caller);
      const limit = { ...limits[name], max: this.world.env.limitMax[name] ?? limits[name].max };
      const keyHash = this.#hash(limit.rule, key);
      const consumed = await this.world.limiter.consume(limit, keyHash);
      if (consumed.ok) {
        const receipt = `${limit.rule} ${keyHash} ${consumed.hit}`;
        if (rule.refundable) this.#consumed.push(receipt);
        if (rule.refundable || rule.effect === "suppress") this.#mail.push(receipt);
        continue;
      }
      if (rule.effect === "reject")
        return { code: rule.refusal ?? "too_many_requests", retryAfter: consumed.retryAfter };
      this.#suppressed = true;
    }
    return null;
  }

  #budget(
    rule: LimitRule<z.output<Schema>>,
    input: z.output<Schema>,
    caller: Caller,
  ): [LimitName, string] {
    const key = rule.key(input, caller);
    return this.#knownDevice && rule.knownDevice
      ? [rule.knownDevice, `${this.requestContext.deviceDigest} ${this.flow.identifierOf?.(input)}`]
      : [rule.limit, key];
  }

  #context(caller: Caller): Ctx {
    const { world } = this;
    return {
      db: world.db,
      clock: world.clock,
      random: world.random,
      passwords: world.passwords,
      env: world.env,
      mailbox: this.flow.requires === "local" ? world.mailbox : null,
      caller,
      suppressed: this.#suppressed,
      knownDevice: this.#knownDevice,
      receipt: this.#consumed.join(","),
      write: (change) => this.#write(caller, change),
      post: (letter, withheld) =>
        void this.#letters.push({
          letter,
          withheld: this.#suppressed ? "over_limit" : (withheld ?? null),
        }),
      auditSubject: ({ userId, ...rest }) =>
        void Object.assign(this.#auditSubject, rest, userId ? { subjectId: userId } : {}),
      setCookies: (cookieChanges) => void Object.assign(this.#cookieChanges, cookieChanges),
      refundMailLimits: () => void this.#returns.push(...this.#mail),
      refund: (receipt) => void this.#returns.push(...receipt.split(",").filter(Boolean)),
    };
  }

  async #write<T>(caller: Caller, change: (tx: Db) => Promise<Result<T>>): Promise<Result<T>> {
    if (this.flow.kind === "read") throw new Error(`${this.flow.name} is a read, but writes.`);
    if (this.#recorded) throw new Error(`${this.flow.name} writes twice in one run.`);
    this.#recorded = true;
    return this.world.db.transaction(async (tx) => {
      if (this.#abandoned) throw new RunTimedOut();
      this.#transaction = tx;
      const result = await change(tx);
      await queueLetters(tx, this.world.env.outboxKey, this.#letters);
      await recordEvent(tx, this.#facts(caller, result));
      if (this.#abandoned) throw new RunTimedOut();
      return result;
    });
  }

  #facts(caller: Caller, result: Result<unknown>): AuditFacts {
    return {
      event: this.flow.name,
      outcome: result.ok ? "ok" : result.refusal.code,
      callerId: caller.session?.userId,
      sessionId: caller.session?.id,
      requestId: caller.requestId,
      ip: caller.ip,
      browser: caller.browser,
      ...this.#auditSubject,
      cause: (result.ok ? undefined : causeOf(result.refusal)) ?? this.#auditSubject.cause,
    };
  }

  #hash(rule: string, key: string) {
    return keyedHash(this.world.env.tokenKey[0], rule, key);
  }
}

/** Why not, for the audit log; of which provider, where it is about one. */
const causeOf = ({ provider, cause }: Refusal) =>
  [provider, cause].filter(Boolean).join(":") || undefined;

/** For faces, which read a request's session once however many flows it runs (speed: one look-up). */
export const sessionReader = (world: World, tokenDigest: string | null) => async () =>
  tokenDigest ? readSession(world.db, tokenDigest) : null;

/** The first thing wrong with an input: a schema says which refusal in its message. */
function refusalOf(error: z.ZodError): Refusal {
  const issue = error.issues.find(({ message }) => isRefusalCode(message));
  return issue && isRefusalCode(issue.message)
    ? { code: issue.message, field: issue.path.join(".") }
    : { code: "invalid_input" };
}
