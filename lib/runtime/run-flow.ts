import type { Db } from "@/db/client";
import type { Duration } from "@/lib/core/duration";
import type { Caller, Ctx, Evidence, Flow, Handover, LimitUse, Requires, World } from "./flow";
import { countRefusal, recordEvent, type AuditFacts } from "@/lib/store/audit-log";
import { isMarkedDevice } from "@/lib/store/known-devices";
import { queueLetters, type QueuedLetter } from "@/lib/store/outbox";
import { readSession, touchSession } from "@/lib/store/sessions";
import { intervals, limits, type LimitName } from "@/lib/core/policy";
import { isRefusalCode } from "@/lib/core/errors";
import { type Refusal, refuse, type Result } from "@/lib/core/result";
import { keyedHash } from "@/lib/core/crypto";
import type { z } from "zod";

/** What came of a run: the answer, and what the face has to carry to the browser. */
export interface Ran<Out> {
  readonly result: Result<Out>;
  readonly handover: Handover;
  /** What can wait until the response is out. */
  readonly afterwards: readonly (() => unknown)[];
}

/**
 * The only road into a flow: parse, admit, take limits, run, record. Every face comes through here,
 * so none can forget a step. Refusals: those of the flow, and `cross_site`, `signed_in_as_other`,
 * `input_malformed` or the schema's own, `sign_in_required`, `not_found`, `step_up_required`, the
 * limits' (429), `unavailable` when the database is away.
 * Throws only what is a bug.
 */
export async function runFlow<Schema extends z.ZodType, Out, R extends Requires>(
  world: World,
  flow: Flow<Schema, Out, R>,
  evidence: Evidence,
  raw: unknown,
  patience: Duration = intervals.run,
): Promise<Ran<Out>> {
  const run = new Run(world, flow, evidence);
  const { requestId } = evidence;
  const unavailable = {
    ...nothing,
    result: refuse("unavailable", { retryAfter: intervals.unavailable, reference: requestId }),
  };
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<typeof unavailable>((resolve) => {
    timer = setTimeout(() => {
      run.abandon();
      world.log.warn("database.slow", { flow: flow.name, requestId });
      resolve(unavailable);
    }, patience * 1000);
  });
  try {
    const ran = await Promise.race([run.go(raw), tooLong]);
    if (ran.result.ok) return ran;
    const { refusal } = ran.result;
    world.log.warn("refused", {
      flow: flow.name,
      code: refusal.code,
      requestId,
    });
    return { ...ran, result: { ok: false, refusal: { ...refusal, reference: requestId } } };
  } catch (error) {
    if (!world.isDatabaseAway(error) && !(error instanceof Abandoned)) throw error;
    world.log.warn("database.away", { flow: flow.name, requestId });
    return unavailable;
  } finally {
    clearTimeout(timer);
  }
}

const nothing = { handover: {}, afterwards: [] } as const;

/** The caller was told "unavailable"; nothing may be committed behind their back. */
class Abandoned extends Error {}

class Run<Schema extends z.ZodType, Out, R extends Requires> {
  #abandoned = false;
  #transaction: Db | undefined;
  #recorded = false;
  #overLimit = false;
  #markedDevice = false;
  readonly #taken: string[] = [];
  /** All that counts mail: the above, and the letters to an address. */
  readonly #mail: string[] = [];
  readonly #letters: QueuedLetter[] = [];
  readonly #handover: Handover = {};
  readonly #returns: string[] = [];
  #about: Pick<AuditFacts, "subjectId" | "identifier" | "cause"> = {};

  constructor(
    readonly world: World,
    readonly flow: Flow<Schema, Out, R>,
    readonly evidence: Evidence,
  ) {}

  /** A run that got stuck with a connection would keep others from it. */
  abandon() {
    this.#abandoned = true;
    if (this.#transaction) this.world.endTransaction(this.#transaction);
  }

  async go(raw: unknown): Promise<Ran<Out>> {
    if (this.flow.kind === "write" && !this.evidence.sameOrigin)
      return this.#turnAway({ code: "cross_site" });
    // Before anything is said of the input, which is not for whoever is signed in now to know.
    const notTheirs = await this.#formOfAnother();
    if (notTheirs) return this.#turnAway(notTheirs);
    const parsed = this.flow.input.safeParse(raw);
    if (!parsed.success) return this.#turnAway(refusalOf(parsed.error));
    const input = parsed.data;
    if (this.flow.concerns) this.#about = { identifier: this.flow.concerns(input) };

    const session = await this.evidence.readSession();
    if (this.flow.requires === "session" && !session)
      return this.#turnAway({ code: "sign_in_required" });
    if (this.flow.requires === "mailbox" && !this.world.mailbox)
      return this.#turnAway({ code: "not_found" });
    const { recent } = this.flow;
    const method =
      typeof this.flow.method === "function" ? this.flow.method(input) : this.flow.method;
    if (method && !this.world.env.methods.includes(method))
      return this.#turnAway({ code: "not_found" });
    if (recent && session && session.provenAgo >= recent)
      return this.#turnAway({ code: "step_up_required" });

    // Not a copy: that would have everything worked out which an evidence keeps until it is asked.
    const caller = Object.assign(Object.create(this.evidence) as Evidence, { session });
    const overLoud = await this.#takeLimits(input, caller);
    if (overLoud) return this.#turnAway(overLoud);

    // `requires` was just checked, which is what the context's type promises.
    const result = await this.flow.run(
      this.#context(caller) as Parameters<typeof this.flow.run>[0],
      input,
    );
    if (!result.ok && this.flow.kind === "write" && !this.#recorded) {
      // Of these there are floods too, when there are.
      if (result.refusal.code === "busy") await this.#count(result.refusal);
      else await recordEvent(this.world.db, this.#facts(caller, result));
    }
    const tasks = [
      ...this.#returns.map((receipt) => () => this.#giveBack(receipt)),
      ...(this.#letters.length > 0 ? [this.world.ringCourier] : []),
      ...(session?.stale ? [() => touchSession(this.world.db, session.id)] : []),
    ];
    const afterwards = tasks.map((task) => () => this.#afterwards(task));
    return { result, handover: this.#handover, afterwards };
  }

  /** Why a form is refused whose page showed another, or nobody, as signed in than who is now. */
  async #formOfAnother(): Promise<Refusal | null> {
    const { shownTo } = this.evidence;
    if (shownTo === null) return null;
    const session = await this.evidence.readSession();
    if (shownTo === (session?.userId ?? "")) return null;
    return session
      ? { code: "signed_in_as_other", address: session.email }
      : { code: "sign_in_required" };
  }

  /** A "no" before the flow ran. Of those there can be floods, so writes count them by hour. */
  async #turnAway(refusal: Refusal): Promise<Ran<Out>> {
    if (this.flow.kind === "write") await this.#count(refusal);
    return { ...nothing, result: { ok: false, refusal } };
  }

  #count({ code }: Refusal) {
    const keyHash = this.#hash("audit", this.evidence.network);
    return countRefusal(this.world.db, { event: this.flow.name, outcome: code, keyHash });
  }

  #giveBack(receipt: string) {
    const [rule = "", keyHash = "", hit = ""] = receipt.split(" ");
    return this.world.limiter.giveBack(rule, keyHash, hit);
  }

  /** After the response nobody waits for an answer: what fails then costs nobody what they came for. */
  async #afterwards(task: () => unknown) {
    try {
      await task();
    } catch (error) {
      const facts = { flow: this.flow.name, requestId: this.evidence.requestId };
      if (this.world.isDatabaseAway(error)) this.world.log.warn("database.away", facts);
      else this.world.log.error("afterwards.failed", { ...facts, error });
    }
  }

  async #takeLimits(input: z.output<Schema>, caller: Caller): Promise<Refusal | null> {
    const { concerns, limits: uses } = this.flow;
    const wantsMark = concerns && this.evidence.deviceIsOld && uses.some((use) => use.markedDevice);
    if (wantsMark)
      this.#markedDevice = await isMarkedDevice(
        this.world.db,
        this.evidence.deviceDigest,
        concerns(input),
      );
    for (const use of uses) {
      const [name, key] = this.#budget(use, input, caller);
      const limit = { ...limits[name], max: this.world.env.limitMax[name] ?? limits[name].max };
      const keyHash = this.#hash(limit.rule, key);
      const taken = await this.world.limiter.take(limit, keyHash);
      if (taken.ok) {
        const receipt = `${limit.rule} ${keyHash} ${taken.hit}`;
        if (use.returnable) this.#taken.push(receipt);
        if (use.returnable || use.effect === "quiet") this.#mail.push(receipt);
        continue;
      }
      if (use.effect === "loud")
        return { code: use.refusal ?? "too_many_requests", retryAfter: taken.retryAfter };
      this.#overLimit = true;
    }
    return null;
  }

  #budget(
    use: LimitUse<z.output<Schema>>,
    input: z.output<Schema>,
    caller: Caller,
  ): [LimitName, string] {
    const key = use.key(input, caller);
    return this.#markedDevice && use.markedDevice
      ? [use.markedDevice, `${this.evidence.deviceDigest} ${this.flow.concerns?.(input)}`]
      : [use.limit, key];
  }

  #context(caller: Caller): Ctx {
    const { world } = this;
    return {
      db: world.db,
      clock: world.clock,
      chance: world.chance,
      passwords: world.passwords,
      env: world.env,
      mailbox: this.flow.requires === "mailbox" ? world.mailbox : null,
      caller,
      overLimit: this.#overLimit,
      markedDevice: this.#markedDevice,
      receipt: this.#taken.join(","),
      write: (change) => this.#write(caller, change),
      post: (letter, withheld) =>
        void this.#letters.push({
          letter,
          withheld: this.#overLimit ? "over_limit" : (withheld ?? null),
        }),
      about: ({ userId, ...rest }) =>
        void Object.assign(this.#about, rest, userId ? { subjectId: userId } : {}),
      handOver: (handover) => void Object.assign(this.#handover, handover),
      mailsNothing: () => void this.#returns.push(...this.#mail),
      giveBack: (receipt) => void this.#returns.push(...receipt.split(",").filter(Boolean)),
    };
  }

  async #write<T>(caller: Caller, change: (tx: Db) => Promise<Result<T>>): Promise<Result<T>> {
    if (this.flow.kind === "read") throw new Error(`${this.flow.name} is a read, but writes.`);
    if (this.#recorded) throw new Error(`${this.flow.name} writes twice in one run.`);
    this.#recorded = true;
    return this.world.db.transaction(async (tx) => {
      if (this.#abandoned) throw new Abandoned();
      this.#transaction = tx;
      const result = await change(tx);
      await queueLetters(tx, this.world.env.outboxKey, this.#letters);
      await recordEvent(tx, this.#facts(caller, result));
      if (this.#abandoned) throw new Abandoned();
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
      ...this.#about,
      cause: (result.ok ? undefined : causeOf(result.refusal)) ?? this.#about.cause,
    };
  }

  #hash(use: string, key: string) {
    return keyedHash(this.world.env.tokenKey[0], use, key);
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
    : { code: "input_malformed" };
}
