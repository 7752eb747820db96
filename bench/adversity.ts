import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { hash } from "@node-rs/argon2";
import { bounds, intervals } from "@/lib/core/policy";
import { startFakeSmtp } from "@/test/support/fake-smtp";
import { FaultProxy } from "@/test/support/fault-proxy";
import { startRedis } from "@/test/support/redis-server";
import { cookiesFrom, type HttpResponse, send } from "./http";
import { password } from "./passwords";
import type { Stage } from "./postgres";
import { type Latchkey, startLatchkey } from "./servers";
import { newAddress, newNetwork } from "./sign-in";
import { median, quantile } from "./statistics";

/** Sign-ins that begin in a second, half of them by password and half by link, and for how many seconds. */
const perSecond = 20;
const forSeconds = 6;
/** Requests of an attacker at once. */
const attackersAtOnce = 16;
/** After this, a letter counts as missing. */
const letterMs = 20_000;

const parts = ["sign in by password", "request a link", "redeem the link"] as const;
type Part = (typeof parts)[number];

interface Outcome {
  readonly part: Part;
  readonly succeeded: boolean;
  readonly ms: number;
}

/** What a round of sign-ins takes place under. */
interface Condition {
  readonly name: string;
  begin(setting: Setting): void;
  end(setting: Setting): void | Promise<void>;
  /** No link can be redeemed: no letter arrives. */
  readonly withoutLetters?: true;
}

interface Setting {
  readonly latchkey: Latchkey;
  readonly wire: FaultProxy;
  readonly redisWire: FaultProxy;
  readonly mail: Awaited<ReturnType<typeof startFakeSmtp>>;
}

const afterRedis = async ({ redisWire }: Setting) => {
  redisWire.restore();
  // Until then the limits are counted in Postgres.
  await sleep(intervals.redisCooldown * 1000);
};

const faults: readonly Condition[] = [
  { name: "Redis down", begin: ({ redisWire }) => redisWire.cut(), end: afterRedis },
  {
    name: "Redis slow, 500 ms a message",
    begin: ({ redisWire }) => redisWire.delay(500),
    end: afterRedis,
  },
  {
    name: "Postgres slow, 50 ms a message",
    begin: ({ wire }) => wire.delay(50),
    end: ({ wire }) => wire.restore(),
  },
  {
    name: "mail server down",
    withoutLetters: true,
    begin: ({ mail }) => {
      mail.failWith("greeting", { says: 421 });
      mail.disconnect();
    },
    end: ({ mail }) => mail.recover(),
  },
];

const attacks: readonly Condition[] = [
  attack("password stuffing from 50 addresses", (n) => ({
    path: "/api/v1/sessions",
    json: { email: `leaked-${n}@example.com`, password: `leaked password ${n}` },
    headers: { "x-forwarded-for": `172.16.0.${n % 50}` },
  })),
  attack("password stuffing, each from another address", (n) => ({
    path: "/api/v1/sessions",
    json: { email: `leaked-${n}@example.com`, password: `leaked password ${n}` },
    headers: newNetwork(),
  })),
  attack("code guessing, each from another address", (n) => ({
    path: "/api/v1/sessions",
    json: { email: `leaked-${n % 100}@example.com`, code: String(n % 1_000_000).padStart(6, "0") },
    headers: newNetwork(),
  })),
  attack("requests for pages that do not exist", (n) => ({
    path: `/wp-admin/${n}.php`,
    headers: newNetwork(),
  })),
];

type Hostile = { readonly path: string } & Parameters<typeof send>[2];

/** Requests as fast as they get a response. */
function attack(name: string, requestOf: (n: number) => Hostile): Condition {
  let isOver = false;
  let sent = 0;
  let running: Promise<unknown> = Promise.resolve();
  return {
    name,
    begin({ latchkey }) {
      isOver = false;
      const agent = new Agent({ keepAlive: true });
      const attacker = async () => {
        while (!isOver) {
          const { path, ...request } = requestOf((sent += 1));
          // What becomes of them is not measured.
          await send(latchkey.origin, path, { ...request, agent }).catch(() => null);
        }
      };
      running = Promise.all(Array.from({ length: attackersAtOnce }, attacker));
    },
    async end() {
      isOver = true;
      await running;
    },
  };
}

/** A figure without a condition and under it; the ratio is the median of the rounds' ratios. */
export interface AdversityRow {
  readonly work: string;
  readonly figure: string;
  readonly without: number;
  readonly under: number;
  readonly times: number;
}

/** Measures sign-ins under faults or attacks, each beside sign-ins without them in the same round. */
export async function measureAdversity(
  stage: Stage,
  kind: "faults" | "hostile",
  rounds: number,
): Promise<AdversityRow[]> {
  const redis = await startRedis();
  const [wire, redisWire, mail] = await Promise.all([
    FaultProxy.before(stage.databaseUrl),
    FaultProxy.before(redis.url),
    startFakeSmtp(),
  ]);
  const latchkey = await startLatchkey(wire.url, {
    REDIS_URL: redisWire.url,
    SMTP_URL: mail.url,
    MAIL_FROM: "latchkey@example.com",
    TRUSTED_PROXY_HOPS: "1",
  });
  const setting = { latchkey, wire, redisWire, mail };
  const passwordHash = await hash(password, bounds.argon2);
  const conditions = kind === "faults" ? faults : attacks;
  const measure = (condition?: Condition) => signIns(stage, setting, passwordHash, condition);
  await measure(); // Warms up.
  const results: { name: string; without: Outcome[]; under: Outcome[] }[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    console.log(`Round ${round} of ${rounds} …`);
    const without = await measure();
    for (const condition of conditions) {
      console.log(condition.name);
      results.push({ name: condition.name, without, under: await measure(condition) });
    }
  }
  await latchkey.stop();
  return conditions.flatMap(({ name }) =>
    rowsOf(
      name,
      results.filter((result) => result.name === name),
    ),
  );
}

function rowsOf(
  work: string,
  results: readonly { without: Outcome[]; under: Outcome[] }[],
): AdversityRow[] {
  const row = (figure: string, pick: (outcomes: Outcome[]) => number): AdversityRow => ({
    work,
    figure,
    without: median(results.map(({ without }) => pick(without))),
    under: median(results.map(({ under }) => pick(under))),
    times: median(results.map(({ without, under }) => pick(under) / pick(without))),
  });
  return parts.flatMap((part) => {
    const of = (outcomes: Outcome[]) => outcomes.filter((one) => one.part === part);
    if (results.every(({ under }) => of(under).length === 0)) return [];
    const share = (outcomes: Outcome[]) =>
      (100 * of(outcomes).filter(({ succeeded }) => succeeded).length) / of(outcomes).length;
    const times = (outcomes: Outcome[]) => of(outcomes).map(({ ms }) => ms);
    return [
      row(`${part}, % that succeed`, share),
      row(`${part}, p95 ms`, (outcomes) => quantile(times(outcomes), 0.95)),
    ];
  });
}

/** Begins sign-ins at a steady rate, however long those before take. */
async function signIns(
  stage: Stage,
  setting: Setting,
  passwordHash: string,
  condition?: Condition,
): Promise<Outcome[]> {
  const count = perSecond * forSeconds;
  const people = Array.from({ length: count }, newAddress);
  await stage.addUsers(people, { provider: "email", passwordHash });
  condition?.begin(setting);
  const agent = new Agent({ keepAlive: true });
  const began = performance.now();
  const outcomes = await Promise.all(
    people.map(async (email, n) => {
      await sleep(began + (n * 1000) / perSecond - performance.now());
      const byLink = () => signInByLink(setting, agent, email, !condition?.withoutLetters);
      return n % 2 ? byLink() : [await signInByPassword(setting, agent, email)];
    }),
  );
  await condition?.end(setting);
  return outcomes.flat();
}

async function signInByPassword({ latchkey }: Setting, agent: Agent, email: string) {
  const sent = { json: { email, password }, headers: newNetwork(), agent };
  return outcomeOf("sign in by password", 201, send(latchkey.origin, "/api/v1/sessions", sent));
}

async function signInByLink(
  { latchkey, mail }: Setting,
  agent: Agent,
  email: string,
  hasLetter: boolean,
): Promise<Outcome[]> {
  const headers = newNetwork();
  const { origin } = latchkey;
  const request = send(origin, "/api/v1/magic-links", { json: { email }, headers, agent });
  const requested = await outcomeOf("request a link", 202, request);
  if (!hasLetter || !requested.succeeded) return [requested];
  const token = await tokenTo(mail, email);
  const part = "redeem the link";
  if (!token) return [requested, { part, succeeded: false, ms: letterMs }];
  const cookie = cookiesFrom(await request);
  const json = { token };
  const redeem = send(origin, "/api/v1/sessions", { json, headers: { ...headers, cookie }, agent });
  return [requested, await outcomeOf(part, 201, redeem)];
}

async function outcomeOf(
  part: Part,
  status: number,
  sent: Promise<HttpResponse>,
): Promise<Outcome> {
  const since = performance.now();
  const response = await sent.catch(() => null);
  return { part, succeeded: response?.status === status, ms: performance.now() - since };
}

async function tokenTo({ accepted }: Setting["mail"], email: string): Promise<string | null> {
  for (const deadline = performance.now() + letterMs; performance.now() < deadline;) {
    const letter = accepted.find(({ to, raw }) => to.includes(email) && raw.includes("/l/"));
    // A long line of a letter is folded at "=" before its end.
    const text = letter?.raw.replaceAll("=\r\n", "");
    const [, token] = /\/l\/([\w-]{43})/.exec(text ?? "") ?? [];
    if (token) return token;
    await sleep(5);
  }
  return null;
}
