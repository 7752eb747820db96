import { Agent } from "node:http";
import { availableParallelism } from "node:os";
import { hash, verify } from "@node-rs/argon2";
import { bounds } from "@/lib/core/policy";
import { Failure } from "../scripts/run.mjs";
import { send } from "./http";
import { inTurn } from "./load";
import type { Stage } from "./postgres";
import { canLookInside, cpuMs, residentMb } from "./processes";
import { type Latchkey, startLatchkey } from "./servers";
import { newNetwork, signIn } from "./sign-in";
import { ofProviders, type Strangers, distinguish } from "./timing-oracle";

const password = "four unrelated words here";
const atOnce = 8;
const signIns = 160;
const pairs = 250;
const flood = 500;

export interface PasswordFigures {
  /** CPU in ms of one comparison, and of one sign-in by password with all that belongs to it. */
  readonly verifyCpu: number;
  readonly signInCpu: number;
  /** A second, eight at once: what this machine compares as fast as it can, and with our bound. */
  readonly verifyRate: number;
  readonly boundedRate: number;
  readonly signInRate: number;
  readonly strangers: Strangers;
  /** Session checks in ms, alone and while 32 keep signing in. */
  readonly idle: readonly number[];
  readonly busy: readonly number[];
  /** In MB, before and at the height of 500 sign-ins at once; and how these were answered. */
  readonly calmMemory: number;
  readonly floodMemory: number;
  readonly answered: Readonly<Record<number, number>>;
}

/** What passwords cost, beside the comparison alone; on a server of its own. */
export async function measurePasswords(stage: Stage): Promise<PasswordFigures> {
  const storedHash = await hash(password, bounds.argon2);
  const machine = await timeVerify(storedHash);
  // Everybody comes from an address of their own, as limits are not what is measured.
  const latchkey = await startLatchkey(stage.databaseUrl, { TRUSTED_PROXY_HOPS: "1" });
  const entrance = new Entrance(latchkey);
  const people = Array.from({ length: 100 }, (_, n) => `keeper-${n}@example.com`);
  await stage.addUsers(people, { provider: "email", passwordHash: storedHash });
  const pids = [latchkey.pid, stage.pid];
  await inTurn(people, 16, (email) => entrance.enter(email, password, 201));

  const cpuBefore = canLookInside ? cpuMs(pids) : NaN;
  const since = performance.now();
  const everybody = Array.from({ length: signIns }, (_, n) => people[n % people.length]!);
  await inTurn(everybody, atOnce, (email) => entrance.enter(email, password, 201));
  const signInRate = (signIns * 1000) / (performance.now() - since);
  const signInCpu = ((canLookInside ? cpuMs(pids) : NaN) - cpuBefore) / signIns;

  const strangers = await timeWrongPasswords(stage, entrance, storedHash);
  await stage.clearLimits();
  const cookie = await signIn(latchkey);
  const idle = await timeChecks(latchkey, cookie);
  let over = false;
  const crowd = Promise.all(
    Array.from({ length: 32 }, async (_, n) => {
      while (!over) await entrance.enter(`nobody-${n}@example.com`, password);
    }),
  );
  const busy = await timeChecks(latchkey, cookie);
  over = true;
  await crowd;

  const calmMemory = residentMb([latchkey.pid]);
  let floodMemory = calmMemory;
  const watch = setInterval(() => {
    floodMemory = Math.max(floodMemory, residentMb([latchkey.pid]));
  }, 20);
  const answered: Record<number, number> = {};
  await Promise.all(
    Array.from({ length: flood }, async (_, n) => {
      const status = await entrance.enter(`crowd-${n}@example.com`, password);
      answered[status] = (answered[status] ?? 0) + 1;
    }),
  );
  clearInterval(watch);
  await latchkey.stop();
  return {
    ...machine,
    ...{ signInCpu, signInRate, strangers, idle, busy, calmMemory, floodMemory, answered },
  };
}

/** The door for passwords, at which everybody comes from a network of their own. */
class Entrance {
  readonly #agent = new Agent({ keepAlive: true });

  constructor(readonly latchkey: Latchkey) {}

  async enter(email: string, typed: string, expected?: number): Promise<number> {
    const { status, body } = await send(this.latchkey.origin, "/api/v1/sessions", {
      json: { email, password: typed },
      headers: newNetwork(),
      agent: this.#agent,
    });
    if (expected !== undefined && status !== expected)
      throw new Failure(`Signing in was answered with ${status}: ${body.toString("utf8")}`);
    return status;
  }
}

/** The comparison alone: one after the other, and as many at once as for sign-ins. */
async function timeVerify(storedHash: string) {
  const n = 80;
  const jobs = Array.from({ length: n });
  const rate = async (width: number) => {
    const since = performance.now();
    await inTurn(jobs, width, () => verify(storedHash, password));
    return (n * 1000) / (performance.now() - since);
  };
  await rate(atOnce);
  const before = process.cpuUsage();
  await rate(1);
  const { user, system } = process.cpuUsage(before);
  return {
    verifyCpu: (user + system) / 1000 / n,
    verifyRate: await rate(atOnce),
    boundedRate: await rate(Math.max(1, availableParallelism() - 1)),
  };
}

function timeWrongPasswords(stage: Stage, entrance: Entrance, storedHash: string) {
  const known = { provider: "email", passwordHash: storedHash } as const;
  return distinguish(stage, "pw", { known, ...ofProviders }, pairs, async (email) => {
    const since = performance.now();
    await entrance.enter(email, "not this one, surely", 401);
    return performance.now() - since;
  });
}

async function timeChecks({ origin }: Latchkey, cookie: string) {
  const times: number[] = [];
  for (let n = 0; n < 400; n += 1)
    times.push((await send(origin, "/api/v1/session", { headers: { cookie } })).ms);
  return times;
}
