import type { z } from "zod";
import type { Db } from "@/db/client";
import { keyedHash } from "@/lib/core/crypto";
import { databaseCauseOf } from "@/lib/core/database-error";
import type { Duration } from "@/lib/core/duration";
import { isRefusalCode } from "@/lib/core/errors";
import type { AddressProblem } from "@/lib/core/identifier";
import type { MethodId } from "@/lib/core/method-id";
import { intervals, type Limit, type LimitHit, type LimitName, limits } from "@/lib/core/policy";
import { ok, type Refusal, refuse, type Result } from "@/lib/core/result";
import { type AuditFacts, countRejection, recordEvent } from "@/lib/store/audit-log";
import { isKnownDevice } from "@/lib/store/known-devices";
import type { QueuedLetter } from "@/lib/store/outbox";
import { recordRunEnd } from "@/lib/store/run-end";
import {
  endPreviousToken,
  readSession,
  type Session,
  type SessionRow,
  touchSession,
} from "@/lib/store/sessions";
import { disabledMethod } from "./disabled-method";
import {
  type Ctx,
  type Flow,
  isForStaff,
  type LimitKey,
  type LimitRule,
  type Requires,
} from "./flow";
import { knownDeviceKey } from "./limits";
import type { World } from "./ports";
import type { Caller, CookieChanges, RequestContext } from "./request-context";

/** The result of a run, and what the entry point has to do with the response. */
export interface FlowRun<Out> {
  readonly result: Result<Out>;
  readonly cookieChanges: CookieChanges;
  /** Tasks to run after the response. They never reject. */
  readonly afterResponse: readonly (() => unknown)[];
}

/**
 * Runs a flow: checks the request, reads the input, consumes the limits, runs it and records it. Every entry
 * point goes through here, so that none can forget a step. Refuses what the flow refuses, and `cross_site`,
 * `cookies_blocked`, `signed_in_as_other`, `invalid_input` or the schema's own code, `sign_in_required`,
 * `account_deleted`, `not_found`, `step_up_required`, the codes of its limits (429), and `unavailable` when
 * the database is unavailable or the run takes longer than `runTimeout` seconds. Throws only for bugs.
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
  const unavailable: FlowRun<Out> = {
    ...nothing,
    result: refuse("unavailable", { retryAfter: intervals.unavailable, reference: requestId }),
  };
  const since = performance.now();
  const ended = (outcome: string, cookieChanges: CookieChanges = {}) => {
    world.metrics.flowEnded(flow.name, outcome, (performance.now() - since) / 1000);
    if (!flow.signsInBy) return;
    const isUnfinished = outcome === "ok" && !cookieChanges.session;
    world.metrics.signInEnded(run.signInMethod, isUnfinished ? "unfinished" : outcome);
  };
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<FlowRun<Out>>((resolve) => {
    timer = setTimeout(() => {
      run.timeOut();
      world.log.warn("database.slow", { flow: flow.name, requestId });
      resolve({ ...unavailable, afterResponse: run.refundsOfFailure() });
    }, runTimeout * 1000);
  });
  try {
    const flowRun = await Promise.race([run.execute(raw), timedOut]);
    if (flowRun.result.ok) {
      ended("ok", flowRun.cookieChanges);
      return flowRun;
    }
    const { refusal } = flowRun.result;
    ended(refusal.code);
    world.log.warn("refused", { flow: flow.name, code: refusal.code, requestId });
    return { ...flowRun, result: { ok: false, refusal: { ...refusal, reference: requestId } } };
  } catch (error) {
    const isUnavailable = world.isDatabaseUnavailable(error) || error instanceof RunTimedOut;
    ended(isUnavailable ? "unavailable" : "failed");
    if (!isUnavailable) throw error;
    const cause = databaseCauseOf(error);
    world.log.warn("database.unavailable", { flow: flow.name, requestId, ...cause });
    return { ...unavailable, afterResponse: run.refundsOfFailure() };
  } finally {
    clearTimeout(timer);
  }
}

const nothing = { cookieChanges: {}, afterResponse: [] } as const;

/** The caller was told `unavailable`, so the run must not commit. */
class RunTimedOut extends Error {
  override readonly message = "The run took too long.";
}

class Run<Schema extends z.ZodType, Out, R extends Requires> {
  #timedOut = false;
  #transaction: Db | undefined;
  #recorded = false;
  #suppressed = false;
  #knownDevice = false;
  readonly #refundableHits: LimitHit[] = [];
  /** All hits that count emails: the refundable ones and those of `suppress` limits. */
  readonly #mailHits: LimitHit[] = [];
  /** All hits of limits that protect our mail, and no secret. */
  readonly #hitsOfRequests: LimitHit[] = [];
  #mayHaveCommitted = false;
  #session: SessionRow | null = null;
  readonly #letters: QueuedLetter[] = [];
  #hasLetters = false;
  readonly #cookieChanges: CookieChanges = {};
  readonly #refunds: LimitHit[] = [];
  /** The hits to refund when the run succeeds. */
  readonly #attemptHits: LimitHit[] = [];
  readonly #forgotten: LimitKey[] = [];
  signInMethod: MethodId | null = null;
  #auditSubject: Pick<AuditFacts, "subjectId" | "identifier" | "cause" | "reason" | "staffId"> = {};

  constructor(
    readonly world: World,
    readonly flow: Flow<Schema, Out, R>,
    readonly requestContext: RequestContext,
  ) {}

  /** Closes the transaction's connection: a stuck run would block one of the pool. */
  timeOut() {
    this.#timedOut = true;
    if (this.#transaction) this.world.endTransaction(this.#transaction);
  }

  /**
   * What to do after the response when the database failed: who is told to try again must be able to, so
   * a request that has changed nothing does not count (S4). One that may have sent an email counts, but
   * another email need not wait. Attempts at secrets stay counted (R3).
   */
  refundsOfFailure(): FlowRun<Out>["afterResponse"] {
    const hits = this.#hitsOfRequests
      .splice(0)
      .filter(({ rule }) => !this.#mayHaveCommitted || rule === limits.resends.rule);
    if (hits.length === 0) return [];
    return [() => this.#runAfterResponse(() => this.world.limiter.refund(hits))];
  }

  async execute(raw: unknown): Promise<FlowRun<Out>> {
    if (this.flow.kind === "write" && !this.requestContext.sameOrigin)
      return this.#reject({ code: "cross_site" });
    // Its effect would be told and kept in cookies. Without a session a browser has none to lose.
    if (
      this.flow.kind === "write" &&
      this.flow.requires === "anyone" &&
      !this.requestContext.acceptsCookies
    )
      return this.#reject({ code: "cookies_blocked" });
    // Before the input is read: an error about it is not for another user to see.
    const shownToOther = this.requestContext.shownTo !== null && (await this.#shownToOther());
    if (shownToOther) return this.#reject(shownToOther);
    // For all others there is no such flow, whatever they send.
    if (
      isForStaff(this.flow.requires) &&
      !this.requestContext.isCommandLine &&
      !mayHelpOthers(this.flow.requires, await this.requestContext.readSession())
    )
      return this.#reject({ code: "not_found" });
    // Before the input, too: an error about the fields of a form that should not be there any more.
    const disabled =
      typeof this.flow.method === "string" && disabledMethod(this.world.env, this.flow.method);
    if (disabled) return this.#reject(disabled);
    const parsed = this.flow.input.safeParse(raw);
    if (!parsed.success) return this.#reject(refusalOf(parsed.error));
    const input = parsed.data;
    const { signsInBy = null } = this.flow;
    this.signInMethod = typeof signsInBy === "function" ? signsInBy(input) : signsInBy;
    if (this.flow.identifierOf) this.#auditSubject = { identifier: this.flow.identifierOf(input) };

    const session = await this.requestContext.readSession();
    if (this.flow.requires === "session" && !session)
      return this.#reject({ code: "sign_in_required" });
    if (this.flow.requires === "session" && session?.deletesAt && !this.flow.duringDeletion)
      return this.#reject({ code: "account_deleted" });
    if (this.flow.requires === "local" && !this.world.mailbox)
      return this.#reject({ code: "not_found" });
    const { maxAuthAge, method } = this.flow;
    if (session?.staffId && (maxAuthAge || this.flow.isOwnersOnly))
      return this.#reject({ code: "access_link_session" });
    const methodOfInput = typeof method === "function" && method(input);
    const disabledByInput = methodOfInput && disabledMethod(this.world.env, methodOfInput);
    if (disabledByInput) return this.#reject(disabledByInput);
    if (maxAuthAge && session && session.authAge >= maxAuthAge)
      return this.#reject({ code: "step_up_required" });

    // Inherits instead of copying: a copy would compute every lazy property.
    const caller = Object.assign(Object.create(this.requestContext) as RequestContext, { session });
    const isLimited = this.flow.limits.length > 0;
    const rejection = isLimited && (await this.#consumeLimits(input, caller));
    if (rejection) return this.#reject(rejection);

    // `requires` was checked above, which is what the context's type promises.
    const result = await this.flow.run(
      this.#context(caller) as Parameters<typeof this.flow.run>[0],
      input,
    );
    const isAuditedRead = this.flow.kind === "read" && this.flow.audited !== undefined;
    if (isAuditedRead) await recordEvent(this.world.db, this.#auditFacts(caller, result));
    if (!result.ok && this.flow.kind === "write" && !this.#recorded) {
      // Overload comes in floods, so it is counted instead of recorded.
      if (result.refusal.code === "overloaded") await this.#countRejection(result.refusal);
      else await recordEvent(this.world.db, this.#auditFacts(caller, result));
    }
    const refunds = [...this.#refunds, ...(result.ok ? this.#attemptHits : [])];
    const forgotten = this.#forgotten.map(({ limit, key }) => {
      const { rule } = limits[limit];
      return { rule, keyHash: this.#hash(rule, key) };
    });
    const tasks = [
      ...(refunds.length + forgotten.length > 0
        ? [() => this.world.limiter.refund(refunds, forgotten)]
        : []),
      ...(this.#hasLetters ? [this.world.wakeCourier] : []),
      ...(session && isFirstTouch(session) ? [() => touchSession(this.world.db, session.id)] : []),
    ];
    const afterResponse = tasks.map((task) => () => this.#runAfterResponse(task));
    return { result, cookieChanges: this.#cookieChanges, afterResponse };
  }

  /** The refusal of a form whose page showed another user, or a signed-out page. */
  async #shownToOther(): Promise<Refusal | null> {
    const { shownTo } = this.requestContext;
    const session = await this.requestContext.readSession();
    if (shownTo === (session?.userId ?? "")) return null;
    return session
      ? { code: "signed_in_as_other", address: session.email }
      : { code: "sign_in_required" };
  }

  /** Refuses before the flow runs. Such refusals come in floods, so writes count them by hour (T3). */
  async #reject(refusal: Refusal): Promise<FlowRun<Out>> {
    if (this.flow.kind === "write") await this.#countRejection(refusal);
    return { ...nothing, result: { ok: false, refusal } };
  }

  #countRejection({ code }: Refusal) {
    const keyHash = this.#hash("audit", this.requestContext.network);
    return countRejection(this.world.db, { event: this.flow.name, outcome: code, keyHash });
  }

  /** A task that fails after the response is logged; the response has been sent. */
  async #runAfterResponse(task: () => unknown) {
    try {
      await task();
    } catch (error) {
      const fields = { flow: this.flow.name, requestId: this.requestContext.requestId };
      if (this.world.isDatabaseUnavailable(error))
        this.world.log.warn("database.unavailable", { ...fields, ...databaseCauseOf(error) });
      else this.world.log.error("after_response.failed", { ...fields, error });
    }
  }

  async #consumeLimits(input: z.output<Schema>, caller: Caller): Promise<Refusal | null> {
    const { identifierOf, limits: rules } = this.flow;
    if (identifierOf && caller.hasDeviceCookie && rules.some((rule) => rule.knownDevice))
      this.#knownDevice = await isKnownDevice(
        this.world.db,
        caller.deviceDigest,
        identifierOf(input),
      );
    const uses = rules.map((rule) => {
      const [name, key] = this.#limitAndKey(rule, input, caller);
      const max = this.world.env.limitMax[name] ?? limits[name].max;
      const limit: Limit = { ...limits[name], max };
      return { rule, name, limit, keyHash: this.#hash(limit.rule, key), effect: rule.effect };
    });
    const results = await this.world.limiter.consume(uses);
    for (const [at, counted] of results.entries()) {
      const { rule, name, limit, keyHash } = uses[at]!;
      if (counted.ok) {
        const hit: LimitHit = { rule: limit.rule, keyHash, hit: counted.hit };
        if (!limit.countedInPostgres) this.#hitsOfRequests.push(hit);
        if (rule.refundable) this.#refundableHits.push(hit);
        if (rule.refundedOnSuccess) this.#attemptHits.push(hit);
        if (rule.refundable || rule.effect === "suppress") this.#mailHits.push(hit);
        continue;
      }
      if (rule.effect === "reject")
        return {
          code: rule.refusal ?? "too_many_requests",
          field: rule.field,
          limit: name,
          emailHasLink: rule.emailHasLink,
          otherMethods: rule.otherMethods,
          retryAfter: counted.retryAfter,
        };
      this.#suppressed = true;
    }
    return null;
  }

  #limitAndKey(
    rule: LimitRule<z.output<Schema>>,
    input: z.output<Schema>,
    caller: Caller,
  ): [LimitName, string] {
    const { identifierOf } = this.flow;
    return this.#knownDevice && rule.knownDevice && identifierOf
      ? [rule.knownDevice, knownDeviceKey(caller.deviceDigest, identifierOf(input))]
      : [rule.limit, rule.key(input, caller)];
  }

  #context(caller: Caller): Ctx {
    const { world } = this;
    const { mailbox, limiter } = world;
    return {
      db: world.db,
      clock: world.clock,
      random: world.random,
      passwords: world.passwords,
      env: world.env,
      oauth: this.#oauth(caller),
      system: isForStaff(this.flow.requires)
        ? { health: world.health, pendingMigrations: world.pendingMigrations }
        : null,
      local:
        this.flow.requires === "local" && mailbox
          ? { letters: () => mailbox.letters(), clearLimits: () => limiter.clear() }
          : null,
      caller,
      suppressed: this.#suppressed,
      knownDevice: this.#knownDevice,
      limitHits: this.#refundableHits,
      write: (change) => this.#write(caller, change),
      startSession: (session) => {
        if (!this.flow.signsInBy)
          throw new Error(`${this.flow.name} does not say how it signs in.`);
        this.#session = session;
      },
      post: (letter, withheld) =>
        void this.#letters.push({
          letter,
          withheld: this.#suppressed ? "over_limit" : (withheld ?? null),
        }),
      auditSubject: ({ userId, ...rest }) =>
        void Object.assign(this.#auditSubject, rest, userId ? { subjectId: userId } : {}),
      setCookies: (changes) => void Object.assign(this.#cookieChanges, changes),
      refund: (hits) => void this.#refunds.push(...hits),
      refundMailLimits: () => void this.#refunds.push(...this.#mailHits),
      forgetAttempts: (keys) => void this.#forgotten.push(...keys),
    };
  }

  /** Notes which attempt it is, whose cookie the flow sets or ends. */
  #oauth({ cookieHeader }: Caller): Ctx["oauth"] {
    const { oauth } = this.world;
    return {
      authorize: async (provider) => {
        const authorization = await oauth.authorize(provider);
        if (!authorization.ok) return authorization;
        const { url, state, checks } = authorization.value;
        this.#cookieChanges.oauthProtocol = { provider, state, checks };
        return ok({ url });
      },
      exchange: (provider, callbackUrl) => oauth.exchange(provider, callbackUrl, cookieHeader),
    };
  }

  async #write<T>(caller: Caller, change: (tx: Db) => Promise<Result<T>>): Promise<Result<T>> {
    if (this.flow.kind === "read") throw new Error(`${this.flow.name} is a read, but writes.`);
    if (this.#recorded) throw new Error(`${this.flow.name} writes twice in one run.`);
    this.#recorded = true;
    return this.world.db.transaction(async (tx) => {
      if (this.#timedOut) throw new RunTimedOut();
      this.#transaction = tx;
      const result = await change(tx);
      const { isReported } = await recordRunEnd(tx, this.world.env.outboxKey, {
        session: this.#session,
        letters: this.#letters,
        event: this.#auditFacts(caller, result),
      });
      this.#hasLetters = isReported || this.#letters.length > 0;
      if (this.#timedOut) throw new RunTimedOut();
      this.#mayHaveCommitted = true;
      return result;
    });
  }

  #auditFacts(caller: Caller, result: Result<unknown>): AuditFacts {
    return {
      event: this.flow.name,
      outcome: result.ok ? "ok" : result.refusal.code,
      callerId: caller.session?.userId,
      sessionId: caller.session?.id,
      staffId: caller.session?.staffId ?? undefined,
      requestId: caller.requestId,
      ip: caller.ip,
      browser: caller.browser,
      ...this.#auditSubject,
      cause: (result.ok ? undefined : causeOf(result.refusal)) ?? this.#auditSubject.cause,
    };
  }

  #hash(purpose: string, key: string) {
    return keyedHash(this.world.env.tokenKey[0], purpose, key);
  }
}

/**
 * Whether a session's user may run flows for staff. A session that an access link started may not (T2), and
 * neither may one of an account that will be erased.
 */
function mayHelpOthers(requires: Requires, session: Session | null): boolean {
  if (!session || session.staffId || session.deletesAt) return false;
  return session.role === "admin" || (requires === "staff" && session.role === "support");
}

/** Sessions whose use is written already: a page runs several flows with one session. */
const touched = new WeakSet<Session>();

function isFirstTouch(session: Session): boolean {
  if (!session.stale || touched.has(session)) return false;
  touched.add(session);
  return true;
}

/** The cause of a refusal for the audit log, after the provider where there is one. */
const causeOf = ({ provider, cause }: Refusal) =>
  [provider, cause].filter(Boolean).join(":") || undefined;

/**
 * Reads the session of a token that a request presents, and ends the token before a renewal, because the
 * new one has arrived. Entry points call it once per request, however many flows they run.
 */
export const sessionReader =
  ({ db }: Pick<World, "db">, tokenDigest: string | null) =>
  async () => {
    const session = tokenDigest ? await readSession(db, tokenDigest) : null;
    if (session?.hasPreviousToken) await endPreviousToken(db, session.id, tokenDigest!);
    return session;
  };

/** Reads the session of a token that an earlier flow of the same request has created. */
export const renewedSessionReader =
  ({ db }: Pick<World, "db">, tokenDigest: string) =>
  // Not as presented: the response that brings the token to the browser may be lost.
  () =>
    readSession(db, tokenDigest);

/** The first error of an input: a schema's message is the code of the refusal. */
function refusalOf(error: z.ZodError): Refusal {
  const issue = error.issues.find(({ message }) => isRefusalCode(message));
  if (!issue || !isRefusalCode(issue.message)) return { code: "invalid_input" };
  const { problem } = (issue.code === "custom" && issue.params) || {};
  return {
    code: issue.message,
    field: issue.path.join("."),
    ...(issue.message === "email_invalid" && { problem: problem as AddressProblem }),
  };
}
