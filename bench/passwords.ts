import { Agent } from "node:http";
import { availableParallelism } from "node:os";
import { hash, verify } from "@node-rs/argon2";
import { bounds } from "@/lib/core/policy";
import { type Form, formWith, multipart } from "../e2e/support/forms";
import { Failure } from "../scripts/run.mjs";
import { cookiesFrom, Devices, send } from "./http";
import { forEachAtOnce } from "./load";
import type { Stage } from "./postgres";
import { canLookInside, cpuMs, residentMb } from "./processes";
import { type Latchkey, startLatchkey } from "./servers";
import { newNetwork, signIn } from "./sign-in";
import { ofProviders, type TimesByAccount, distinguish } from "./timing-oracle";

export const password = "four unrelated words here";
const atOnce = 8;
const signIns = 160;
const pairs = 250;
const flood = 500;

export interface PasswordFigures {
  /**
   * CPU in ms of one hash comparison, alone and among eight, and of one whole sign-in by password. Two
   * comparisons at once share the memory and often a core, so each of them takes longer.
   */
  readonly verifyCpu: number;
  readonly verifyCpuAtEight: number;
  readonly signInCpu: number;
  /** The same with the form of the password page, without the page itself. */
  readonly formCpu: number;
  /** The same by JSON on a device that is new to the account, of which its owner is told by email. */
  readonly newDeviceCpu: number;
  /** Rates per second, eight at once: comparisons without a bound and with ours, and sign-ins. */
  readonly verifyRate: number;
  readonly boundedRate: number;
  readonly signInRate: number;
  readonly byAccount: TimesByAccount;
  /** Session checks in ms, on an idle server and during 32 concurrent sign-ins. */
  readonly idle: readonly number[];
  readonly busy: readonly number[];
  /** Memory in MB, before and at the peak of 500 sign-ins at once, and the number of each status. */
  readonly idleMemory: number;
  readonly floodMemory: number;
  readonly statuses: Readonly<Record<number, number>>;
}

/** Measures passwords on a server of its own, compared with the hash comparison alone. */
export async function measurePasswords(stage: Stage): Promise<PasswordFigures> {
  const storedHash = await hash(password, bounds.argon2);
  const machine = await timeVerify(storedHash);
  // Each request has its own IP address, because limits are not measured.
  const latchkey = await startLatchkey(stage.databaseUrl, { TRUSTED_PROXY_HOPS: "1" });
  const client = new PasswordClient(latchkey);
  const people = Array.from({ length: 100 }, (_, n) => `password-${n}@example.com`);
  await stage.addUsers(people, { provider: "email", passwordHash: storedHash });
  const pids = [latchkey.pid, stage.pid];
  await forEachAtOnce(people, 16, (email) => client.signIn(email, password, 201));

  await stage.mailIsOut();
  const byJson = await measureSignIns(pids, people, (email) => client.signIn(email, password, 201));
  await client.openForm();
  const byForm = await measureSignIns(pids, people, (email) => client.submit(email, password));

  const onNewDevice = await measureSignIns(pids, people, async (email) => {
    await new PasswordClient(latchkey, client.agent).signIn(email, password, 201);
  });
  await stage.mailIsOut();
  const byAccount = await timeWrongPasswords(stage, client, storedHash);
  await stage.clearLimits();
  const cookie = await signIn(latchkey);
  const idle = await timeChecks(latchkey, cookie);
  let isDone = false;
  const signInsMeanwhile = Promise.all(
    Array.from({ length: 32 }, async (_, n) => {
      while (!isDone) await client.signIn(`unknown-${n}@example.com`, password);
    }),
  );
  const busy = await timeChecks(latchkey, cookie);
  isDone = true;
  await signInsMeanwhile;

  const idleMemory = residentMb([latchkey.pid]);
  let floodMemory = idleMemory;
  const watch = setInterval(() => {
    floodMemory = Math.max(floodMemory, residentMb([latchkey.pid]));
  }, 20);
  const statuses: Record<number, number> = {};
  await Promise.all(
    Array.from({ length: flood }, async (_, n) => {
      const status = await client.signIn(`crowd-${n}@example.com`, password);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }),
  );
  clearInterval(watch);
  await latchkey.stop();
  return {
    ...machine,
    ...{
      signInCpu: byJson.cpu,
      formCpu: byForm.cpu,
      newDeviceCpu: onNewDevice.cpu,
      signInRate: byJson.perSecond,
      byAccount,
      idle,
      busy,
      idleMemory,
      floodMemory,
      statuses,
    },
  };
}

/** CPU in ms of one sign-in and the rate per second, eight at once. */
export async function measureSignIns(
  pids: readonly number[],
  people: readonly string[],
  signIn: (email: string) => Promise<unknown>,
): Promise<{ cpu: number; perSecond: number }> {
  const cpuSoFar = () => (canLookInside ? cpuMs(pids) : NaN);
  const addresses = Array.from({ length: signIns }, (_, n) => people[n % people.length]!);
  const before = cpuSoFar();
  const since = performance.now();
  await forEachAtOnce(addresses, atOnce, signIn);
  const perSecond = (signIns * 1000) / (performance.now() - since);
  return { cpu: (cpuSoFar() - before) / signIns, perSecond };
}

/** Signs in by password, each time from another IP address, and each person on one device. */
class PasswordClient {
  readonly #devices = new Devices();
  #form: Form = { fields: [] };
  #browser = "";

  constructor(
    readonly latchkey: Latchkey,
    readonly agent = new Agent({ keepAlive: true }),
  ) {}

  async signIn(email: string, typed: string, expected?: number): Promise<number> {
    const response = await send(this.latchkey.origin, "/api/v1/sessions", {
      json: { email, password: typed },
      headers: { ...newNetwork(), ...this.#devices.of(email) },
      agent: this.agent,
    });
    const { status, body } = response;
    this.#devices.store(email, response);
    if (expected !== undefined && status !== expected)
      throw new Failure(`Signing in returned ${status}: ${body.toString("utf8")}`);
    return status;
  }

  /** Loads the password page, whose form `submit` sends. */
  async openForm(): Promise<void> {
    const opened = await send(this.latchkey.origin, "/sign-in/password");
    this.#form = formWith(opened.body.toString("utf8"), "Sign in");
    // A browser without cookies is refused.
    this.#browser = cookiesFrom(opened);
  }

  async submit(email: string, typed: string): Promise<void> {
    const { origin } = this.latchkey;
    const response = await send(origin, "/sign-in/password", {
      form: await multipart(this.#form, { email, password: typed }),
      headers: {
        ...{ origin, "sec-fetch-site": "same-origin" },
        cookie: [this.#browser, this.#devices.of(email).cookie].filter(Boolean).join("; "),
        ...newNetwork(),
      },
      agent: this.agent,
    });
    if (!/session=[\w-]/.test(cookiesFrom(response)))
      throw new Failure(`The password form returned ${response.status} and no session.`);
  }
}

/** Times the hash comparison: one at a time, and as many at once as in sign-ins. */
export async function timeVerify(storedHash: string) {
  const n = 80;
  const items = Array.from({ length: n });
  const rate = async (width: number) => {
    const since = performance.now();
    await forEachAtOnce(items, width, () => verify(storedHash, password));
    return (n * 1000) / (performance.now() - since);
  };
  await rate(atOnce);
  const cpu = async (width: number) => {
    const before = process.cpuUsage();
    const perSecond = await rate(width);
    const { user, system } = process.cpuUsage(before);
    return { perSecond, ms: (user + system) / 1000 / n };
  };
  const alone = await cpu(1);
  const amongEight = await cpu(atOnce);
  return {
    verifyCpu: alone.ms,
    verifyCpuAtEight: amongEight.ms,
    verifyRate: amongEight.perSecond,
    boundedRate: await rate(availableParallelism()),
  };
}

function timeWrongPasswords(stage: Stage, client: PasswordClient, storedHash: string) {
  const known = { provider: "email", passwordHash: storedHash } as const;
  return distinguish(stage, "pw", { known, ...ofProviders }, pairs, async (email) => {
    const since = performance.now();
    await client.signIn(email, "not this one, surely", 401);
    return performance.now() - since;
  });
}

async function timeChecks({ origin }: Latchkey, cookie: string) {
  const times: number[] = [];
  for (let n = 0; n < 400; n += 1)
    times.push((await send(origin, "/api/v1/session", { headers: { cookie } })).ms);
  return times;
}
