/**
 * Latchkey, the floors, better-auth and Auth.js in one run. What is set in the two rivals, and why, is
 * in bench/rivals/README.md.
 */
import { hash } from "@node-rs/argon2";
import { bounds } from "@/lib/core/policy";
import {
  checkSessions,
  type Comparison,
  measureEach,
  memoryOf,
  type Subject,
  type Who,
} from "./comparisons";
import { send } from "./http";
import { type Figures, forEachAtOnce } from "./load";
import { measurePageSize, type PageSize } from "./page-size";
import { measureSignIns, password, timeVerify } from "./passwords";
import type { Stage } from "./postgres";
import { canLookInside, cpuMs } from "./processes";
import {
  authjsProduct,
  betterAuthProduct,
  latchkeyProduct,
  type Mailbox,
  openMailbox,
  type Passwords,
  type Product,
  type ProductName,
} from "./products";
import { installRivals } from "./rival-servers";
import { type LookUp, type Server, startFloorNext, startFloorNode, startLatchkey } from "./servers";
import { newAddress, sessionCookieIn } from "./sign-in";
import type { Statement } from "./statements";
import { median, shuffled } from "./statistics";
import { distinguish, type TimesByAccount } from "./timing-oracle";

export type Contender = Who | ProductName;
export type By<W extends string, T> = Readonly<Partial<Record<W, T>>>;

const products: readonly ProductName[] = ["latchkey", "betterAuth", "authjs"];
const contenders: readonly Contender[] = ["node", "next", ...products];

/** The sign-in page of the bare Next app is a static one. */
const comparisons = {
  "session check": {
    signedIn: true,
    requests: 2_000,
    paths: {
      ...{ node: "/", next: "/api/session", latchkey: "/api/v1/session" },
      ...{ betterAuth: "/api/auth/get-session", authjs: "/api/auth/session" },
    },
  },
  "sign-in page": {
    signedIn: false,
    requests: 800,
    paths: {
      ...{ next: "/static", latchkey: "/sign-in" },
      ...{ betterAuth: "/sign-in", authjs: "/sign-in" },
    },
  },
  "signed-in page": {
    signedIn: true,
    requests: 800,
    paths: { next: "/", latchkey: "/account", betterAuth: "/", authjs: "/" },
  },
} as const satisfies Record<string, Comparison<Contender>>;

type RivalWork = keyof typeof comparisons;
const works = Object.keys(comparisons) as RivalWork[];

/** The user of a link: one who signs up with it, or one with an account. */
export const linkUsers = ["new", "returning"] as const;
type LinkUser = (typeof linkUsers)[number];

const linksPerRound = 80;
const atOnce = 8;
const pairs = 250;

/** Users with a password in every product that has passwords. */
const people = Array.from({ length: 100 }, (_, n) => `password-${n}@example.com`);

/** CPU of a link's request, letter and redemption, and p50 of the requests, eight at once; in ms. */
export interface LinkFigures {
  readonly cpu: number;
  readonly requested: number;
  readonly redeemed: number;
}

export interface RivalRound {
  readonly figures: Readonly<Record<RivalWork, By<Contender, Figures>>>;
  /** In MB, after the load. */
  readonly memory: By<Contender, number>;
  /** In milliseconds, to the first page. */
  readonly start: By<Contender, number>;
  readonly links: Readonly<Record<LinkUser, By<ProductName, LinkFigures>>>;
  /** CPU in ms and the rate per second, eight at once. Of Node, the hash comparison alone. */
  readonly passwords: By<Contender, { readonly cpu: number; readonly perSecond: number }>;
}

export interface RivalFindings {
  readonly rounds: readonly RivalRound[];
  readonly statements: By<ProductName, Readonly<Record<string, readonly Statement[]>>>;
  readonly pageSize: By<Contender, PageSize>;
  readonly wrongPasswords: By<ProductName, TimesByAccount>;
}

export async function measureRivals(
  stage: Stage,
  lookUp: LookUp,
  count: number,
): Promise<RivalFindings> {
  const mailbox = await openMailbox();
  const rivals = await installRivals(stage, mailbox.url);
  const mail = { SMTP_URL: mailbox.url, MAIL_FROM: "Latchkey <no-reply@example.com>" };
  const starts: Readonly<Record<Contender, () => Promise<Server>>> = {
    node: () => startFloorNode(lookUp),
    next: () => startFloorNext(lookUp),
    latchkey: () => startLatchkey(stage.databaseUrl, { TRUSTED_PROXY_HOPS: "1", ...mail }),
    ...rivals,
  };
  const storedHash = await hash(password, bounds.argon2);
  const start = async (): Promise<Running> => ({
    latchkey: latchkeyProduct(await starts.latchkey(), stage, storedHash),
    betterAuth: betterAuthProduct(await starts.betterAuth()),
    authjs: await authjsProduct(await starts.authjs()),
  });
  const bench: Bench = { stage, mailbox, storedHash };

  console.log("Counting statements …");
  await stage.logStatements(true);
  const counted = await start();
  const statements: Record<string, Record<string, Statement[]>> = {};
  for (const who of products) statements[who] = await countStatements(bench, who, counted[who]);
  for (const { server } of Object.values(counted)) await server.stop();
  await stage.logStatements(false);

  console.log("Warming up …");
  const running = await start();
  const subjects = await subjectsFor(bench, running, await starts.node(), await starts.next());
  for (const work of works)
    if (comparisons[work].signedIn) await checkSessions<Contender>(comparisons[work], subjects);
  const pageSize: Partial<Record<Contender, PageSize>> = {};
  for (const [who, path] of Object.entries(comparisons["sign-in page"].paths) as [
    Contender,
    string,
  ][])
    pageSize[who] = await measurePageSize(subjects[who].server.origin, path);
  await measureLoad(bench, subjects, running);

  const rounds: RivalRound[] = [];
  for (let n = 1; n <= count; n += 1) {
    console.log(`Round ${n} of ${count} …`);
    const load = await measureLoad(bench, subjects, running);
    rounds.push({ ...load, start: await timeStarts(starts) });
  }

  console.log("Comparing known and unknown addresses …");
  const wrongPasswords: Partial<Record<ProductName, TimesByAccount>> = {};
  for (const who of products) {
    const { passwords } = running[who];
    if (passwords) wrongPasswords[who] = await timeWrongPasswords(passwords, storedHash);
  }
  for (const { server } of Object.values(subjects)) await server.stop();
  return { rounds, statements, pageSize, wrongPasswords };
}

type Running = Readonly<Record<ProductName, Product>>;

/** What every measurement needs. */
interface Bench {
  readonly stage: Stage;
  readonly mailbox: Mailbox;
  readonly storedHash: string;
}

/** The floors look up the session of Latchkey's user. */
async function subjectsFor(
  { stage, mailbox }: Bench,
  running: Running,
  node: Server,
  next: Server,
): Promise<Record<Contender, Subject>> {
  const subjectOf = async (product: Product): Promise<Subject> => ({
    server: product.server,
    cookie: sessionCookieIn(await signInByLink(mailbox, product, newAddress())),
    databasePids: [stage.pid],
  });
  const latchkey = await subjectOf(running.latchkey);
  return {
    latchkey,
    node: { ...latchkey, server: node },
    next: { ...latchkey, server: next },
    betterAuth: await subjectOf(running.betterAuth),
    authjs: await subjectOf(running.authjs),
  };
}

async function measureLoad(
  bench: Bench,
  subjects: Readonly<Record<Contender, Subject>>,
  running: Running,
): Promise<Omit<RivalRound, "start">> {
  const figures = {} as Record<RivalWork, By<Contender, Figures>>;
  for (const work of shuffled(works))
    figures[work] = await measureEach<Contender>(comparisons[work], subjects);
  const memory = Object.fromEntries(contenders.map((who) => [who, memoryOf(subjects[who])]));
  await bench.stage.clearLimits();
  const links = await measureLinks(bench, running);
  return { figures, memory, links, passwords: await measurePasswords(bench, running) };
}

async function signInByLink(mailbox: Mailbox, product: Product, email: string) {
  const requested = await product.requestLink(email);
  return product.redeem(await mailbox.letterTo(email), requested);
}

/** Runs on a server of its own, because logging every statement costs time. */
async function countStatements({ stage, mailbox }: Bench, who: ProductName, product: Product) {
  const { passwords } = product;
  await passwords?.addUsers(people);
  const email = newAddress();
  const acts: Record<string, () => Promise<unknown>> = {};
  // The first use of a connection queries Postgres for its types.
  await signInByLink(mailbox, product, newAddress());
  const cookie = sessionCookieIn(await signInByLink(mailbox, product, newAddress()));
  for (const work of works) {
    const { paths, signedIn } = comparisons[work];
    acts[work] = () =>
      send(product.server.origin, paths[who], { headers: signedIn ? { cookie } : {} });
  }
  for (const user of linkUsers)
    acts[`link, ${user} user`] = () => signInByLink(mailbox, product, email);
  if (passwords) acts["password sign-in"] = () => passwords.signIn(people[0]!, password, true);
  const statements: Record<string, Statement[]> = {};
  for (const [work, act] of Object.entries(acts)) {
    // Twice, because what is loaded once does not count; but a new user is new once.
    if (!work.startsWith("link")) await act();
    statements[work] = await stage.during(act);
    await stage.mailIsOut();
  }
  return statements;
}

/** New users sign in by link, then the same users once more. */
async function measureLinks({ stage, mailbox }: Bench, running: Running) {
  const addresses = Array.from({ length: linksPerRound }, newAddress);
  const links: Record<LinkUser, Partial<Record<ProductName, LinkFigures>>> = {
    new: {},
    returning: {},
  };
  for (const user of linkUsers)
    for (const who of shuffled(products)) {
      const product = running[who];
      const times: { requested: number[]; redeemed: number[] } = { requested: [], redeemed: [] };
      const cpu = await cpuOf([product.server.pid, stage.pid], async () => {
        await forEachAtOnce(addresses, atOnce, async (email) => {
          const requested = await product.requestLink(email);
          times.requested.push(requested.ms);
          const letter = await mailbox.letterTo(email);
          times.redeemed.push((await product.redeem(letter, requested)).ms);
        });
        await stage.mailIsOut();
      });
      links[user][who] = {
        cpu: cpu / addresses.length,
        requested: median(times.requested),
        redeemed: median(times.redeemed),
      };
    }
  return links;
}

async function cpuOf(pids: readonly number[], act: () => Promise<unknown>): Promise<number> {
  const cpuSoFar = () => (canLookInside ? cpuMs(pids) : NaN);
  const before = cpuSoFar();
  await act();
  return cpuSoFar() - before;
}

async function measurePasswords({ stage, storedHash }: Bench, running: Running) {
  const measured: Partial<Record<Contender, { cpu: number; perSecond: number }>> = {};
  for (const who of shuffled(["node", "latchkey", "betterAuth"] as const)) {
    if (who === "node") {
      const { verifyCpu, verifyRate } = await timeVerify(storedHash);
      measured.node = { cpu: verifyCpu, perSecond: verifyRate };
      continue;
    }
    const { server, passwords } = running[who];
    const pids = [server.pid, stage.pid];
    const signIn = (email: string) => passwords!.signIn(email, password, true);
    measured[who] = await measureSignIns(pids, people, signIn);
  }
  return measured;
}

async function timeStarts(starts: Readonly<Record<Contender, () => Promise<Server>>>) {
  const times: Partial<Record<Contender, number>> = {};
  for (const who of shuffled(contenders)) {
    const server = await starts[who]();
    times[who] = server.startedInMs;
    await server.stop();
  }
  return times;
}

function timeWrongPasswords(passwords: Passwords, storedHash: string) {
  const known = { provider: "email", passwordHash: storedHash } as const;
  return distinguish(passwords, "rivals", { known }, pairs, async (email) => {
    const { ms } = await passwords.signIn(email, "not this one, surely", false);
    return ms;
  });
}
