import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "./db";
import type { FaultRig } from "./fault-rig";
import type { HttpResponse } from "./http";
import { type Method, methods, type Visitor } from "./sign-in-methods";
import type { SmtpInbox } from "./smtp-inbox";
import { visitorFor, withoutPauses } from "./visitors";

interface Installation {
  readonly rig: FaultRig;
  readonly db: Db;
  readonly inbox: SmtpInbox;
}

/** Somebody on the way through a method. */
export interface OpenFlow {
  readonly method: Method;
  readonly visitor: Visitor;
}

/** Methods of which a visitor may be between two pages. */
const inSteps = methods.filter(({ steps }) => steps.length > 1);

/**
 * People who sign in by each method, and of whom nobody does anything twice. What goes wrong is noted, so
 * that the others continue.
 */
export class Crowd {
  readonly failures: string[] = [];
  readonly #signedIn: Visitor[] = [];
  readonly #rounds = new Map<Method, number>();
  #isOver = false;
  #runs: Promise<unknown> = Promise.resolve();
  #google: Promise<unknown> = Promise.resolve();

  constructor(private readonly at: Installation) {}

  /** By each method somebody signs in over and over, until the end. Resolves when each method has worked. */
  async start(): Promise<void> {
    const round = async (method: Method) => {
      const flow = { method, visitor: await visitorFor(method, this.at.rig, this.at.inbox) };
      if (await this.#begins(flow)) await this.finish(flow);
      this.#rounds.set(method, (this.#rounds.get(method) ?? 0) + 1);
    };
    const run = async (method: Method) => {
      const fail = (error: unknown) => this.failures.push(`${method.name}: ${String(error)}`);
      while (!this.#isOver && this.failures.length === 0) {
        await round(method).catch(fail);
        while (this.#isFarAhead(method)) await sleep(50);
      }
    };
    const everybody = Promise.all(methods.map(run));
    this.#runs = withoutPauses(this.at.db, everybody);
    await this.wholeRounds();
  }

  /** Resolves when, from now on, somebody has signed in by each method from the first step to the last. */
  async wholeRounds(): Promise<void> {
    // The round that runs now may have begun before.
    const wanted = methods.map((method) => [method, (this.#rounds.get(method) ?? 0) + 2] as const);
    const isThrough = () => wanted.every(([method, n]) => (this.#rounds.get(method) ?? 0) >= n);
    while (!isThrough() && this.failures.length === 0) await sleep(50);
  }

  /** A method without letters is much faster, and would take all of the machine. */
  #isFarAhead(method: Method): boolean {
    if (this.#isOver || this.failures.length > 0) return false;
    const slowest = Math.min(...methods.map((one) => this.#rounds.get(one) ?? 0));
    return (this.#rounds.get(method) ?? 0) > slowest + 3;
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#runs;
  }

  /** Everybody who signed in must still be. Returns how many they are. */
  async checkSessions(): Promise<number> {
    const rest = [...this.#signedIn];
    const check = async () => {
      for (let one = rest.pop(); one; one = rest.pop()) {
        const { status } = await one.client.get("/account");
        if (status !== 200) this.failures.push(`${one.email} has lost the session: ${status}`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, check));
    return this.#signedIn.length;
  }

  /** People who are about to begin with each method of several steps. */
  prepare = (): Promise<OpenFlow[]> =>
    Promise.all(
      inSteps.map(async (method) => ({
        method,
        visitor: await visitorFor(method, this.at.rig, this.at.inbox),
      })),
    );

  /** Their first step. Returns those who may go on. */
  async open(flows: readonly OpenFlow[]): Promise<OpenFlow[]> {
    const isOpen = await Promise.all(flows.map((flow) => this.#begins(flow)));
    return flows.filter((_, at) => isOpen[at]);
  }

  /** The other steps. */
  async finish({ method, visitor }: OpenFlow): Promise<void> {
    for (const step of method.steps.keys())
      if (step > 0 && !(await this.#does(method, visitor, step))) return;
    this.#signedIn.push(visitor);
  }

  #begins({ method, visitor }: OpenFlow): Promise<boolean> {
    // The fake provider reports one user at a time.
    return method.name === "Google"
      ? this.#atGoogle(method, visitor)
      : this.#does(method, visitor, 0);
  }

  #atGoogle(method: Method, visitor: Visitor): Promise<boolean> {
    const turn = this.#google.then(() => this.#does(method, visitor, 0));
    this.#google = turn;
    return turn;
  }

  async #does(method: Method, visitor: Visitor, at: number): Promise<boolean> {
    const step = method.steps[at]!;
    const fail = (what: string) => {
      this.failures.push(`${method.name}, step ${at + 1}: ${what}`);
      return false;
    };
    try {
      if (step.needsLetter) visitor.letter = await visitor.inbox.nextTo(visitor.email);
      const response = await step.act(visitor);
      if (response.status >= 400) return fail(`status ${response.status}`);
      return step.isDone(response, visitor) || fail(whereTo(response));
    } catch (error) {
      return fail(String(error));
    }
  }
}

const whereTo = ({ status, headers }: HttpResponse) => `${status} ${headers.location ?? ""}`;
