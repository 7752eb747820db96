import { fork } from "node:child_process";
import { once } from "node:events";
import { Agent } from "node:http";
import { formWith, multipart } from "../e2e/support/forms";
import { Failure } from "../scripts/run.mjs";
import { type HttpResponse, cookiesFrom, send } from "./http";
import { forEachAtOnce } from "./load";
import type { Stage } from "./postgres";
import { canLookInside, cpuMs } from "./processes";
import { type Server, startOAuthBaseline, startLatchkey } from "./servers";
import { newNetwork } from "./sign-in";
import type { Statement } from "./statements";
import { median, shuffled } from "./statistics";
import { type TimesByAccount, distinguish } from "./timing-oracle";

/** The measured providers, each with a scripted server. */
export const providerNames = { google: "Google", linkedin: "LinkedIn" } as const;
export const providerIds = ["google", "linkedin"] as const;
type ProviderId = keyof typeof providerNames;

/** The user: one with an account, or one who signs up. */
export const userKinds = ["returning", "new"] as const;
type UserKind = (typeof userKinds)[number];

const signInsAtOne = 16;
// CPU time has a resolution of 10 ms, so cheap work is repeated more often.
const signInsAtEight = { latchkey: 40, node: 160 };
const pairs = 250;

/** One round of OAuth sign-ins, each with a start and a callback; medians in milliseconds. */
export interface OAuthFigures {
  /** Of a whole sign-in, with eight at once; NaN where the system does not report it. */
  readonly cpu: number;
  readonly startAtOne: number;
  readonly callbackAtOne: number;
  readonly startAtEight: number;
  readonly callbackAtEight: number;
}

/** The baseline treats all users alike. */
type OAuthRound = Readonly<
  Record<ProviderId, Readonly<Record<UserKind, Record<"latchkey" | "node", OAuthFigures>>>>
>;

/** The statements of the start and of the callback. */
type OAuthStatements = Readonly<Record<"start" | "callback", readonly Statement[]>>;

export interface ProviderFigures {
  readonly rounds: readonly OAuthRound[];
  readonly statements: Readonly<Record<ProviderId, Readonly<Record<UserKind, OAuthStatements>>>>;
  /** Callbacks with an unverified address. */
  readonly byAccount: TimesByAccount;
}

/** Measures Google and LinkedIn on servers of their own, compared with the OAuth exchange alone. */
export async function measureProviders(stage: Stage, count: number): Promise<ProviderFigures> {
  const people = await addPeople(stage);
  const { settings, stop } = await startProviders();
  const statements = await countStatements(stage, people, settings);

  const latchkey = await startLatchkey(stage.databaseUrl, settings);
  const node = await startOAuthBaseline(settings);
  const ours = await latchkeyTarget(latchkey, [stage.pid]);
  const baseline = baselineTarget(node);
  const measureAll = async (): Promise<OAuthRound> => {
    const round = { google: {}, linkedin: {} } as Record<
      ProviderId,
      Record<UserKind, FiguresByServer>
    >;
    for (const provider of shuffled(providerIds))
      for (const who of shuffled(userKinds)) {
        const figures = {} as FiguresByServer;
        for (const target of shuffled([ours, baseline]))
          figures[target.who] = await measure(target, provider, people[provider][who]);
        round[provider][who] = figures;
      }
    return round;
  };
  await measureAll();
  const rounds: OAuthRound[] = [];
  for (let n = 1; n <= count; n += 1) rounds.push(await measureAll());

  const known = { provider: "magic_link" } as const;
  const byAccount = await distinguish(stage, "oauth", { known }, pairs, async (email) => {
    const person = { sub: `unverified-${email}`, email, email_verified: false };
    const { callback } = await signInWithProvider(ours, "google", person);
    return callback.ms;
  });
  for (const server of [latchkey, node]) await server.stop();
  stop();
  return { rounds, statements, byAccount };
}

type FiguresByServer = Record<"latchkey" | "node", OAuthFigures>;

/** The user that a provider reports. */
interface Person {
  readonly sub: string;
  readonly email: string;
  readonly email_verified: boolean;
}

type People = Readonly<Record<ProviderId, Readonly<Record<UserKind, () => Person>>>>;

/** Enough users with an account that none signs in twice at once, and any number of new ones. */
async function addPeople(stage: Stage): Promise<People> {
  const people = {} as Record<ProviderId, People[ProviderId]>;
  const personAt = (email: string) => ({ sub: email, email, email_verified: true });
  for (const provider of providerIds) {
    const known = Array.from({ length: 64 }, (_, n) => `at-${provider}-${n}@example.com`);
    await stage.addUsers(known, { provider });
    let returned = 0;
    let created = 0;
    people[provider] = {
      returning: () => personAt(known[(returned += 1) % known.length]!),
      new: () => personAt(`new-at-${provider}-${(created += 1)}@example.com`),
    };
  }
  return people;
}

type Settings = Readonly<Record<string, string>>;

/** Starts both providers; returns Latchkey's settings, with which each client has its own IP address. */
async function startProviders(): Promise<{ settings: Settings; stop: () => void }> {
  const child = fork("bench/provider-server.ts");
  const ended = once(child, "exit").then(() => {
    throw new Failure("The scripted providers did not start.");
  });
  const [keys] = (await Promise.race([once(child, "message"), ended])) as [Settings];
  ended.catch(() => {});
  return {
    settings: { TRUSTED_PROXY_HOPS: "1", ...Object.assign({}, ...Object.values(keys)) },
    stop: () => child.disconnect(),
  };
}

/** A server on which OAuth sign-ins are measured. */
interface Target {
  readonly who: "latchkey" | "node";
  readonly origin: string;
  readonly pids: readonly number[];
  /** Whether a callback response signs the user in, or refuses an unverified address. */
  isCompleted(response: HttpResponse, person: Person): boolean;
  /** Starts an OAuth attempt; returns the authorization URL and the headers for the callback. */
  start(provider: ProviderId): Promise<Started>;
  callbackPath(provider: ProviderId): string;
}

interface Started {
  readonly response: HttpResponse;
  readonly headers: Readonly<Record<string, string>>;
  readonly url: string;
}

// Connections stay open: only the server is timed, not the connection setup.
const agent = new Agent({ keepAlive: true });

/** Latchkey, by the form of the sign-in page and the redirect page. */
async function latchkeyTarget(
  { origin, pid }: Server,
  databasePids: readonly number[],
): Promise<Target> {
  const opened = await send(origin, "/sign-in");
  const page = opened.body.toString("utf8");
  // A browser without cookies is refused.
  const browser = cookiesFrom(opened);
  const formFor = (provider: ProviderId) =>
    multipart(formWith(page, `Continue with ${providerNames[provider]}`));
  const forms = { google: await formFor("google"), linkedin: await formFor("linkedin") };
  return {
    ...{ who: "latchkey", origin, pids: [pid, ...databasePids] },
    async start(provider) {
      const network = newNetwork();
      const asked = { ...network, origin, "sec-fetch-site": "same-origin", cookie: browser };
      const form = forms[provider];
      const response = await send(origin, "/sign-in", { headers: asked, form, agent });
      const headers = { ...network, cookie: `${browser}; ${cookiesFrom(response)}` };
      const redirectPage = await send(origin, "/sign-in/continue", { headers, agent });
      const [, url] = /content="0;url=([^"]+)"/.exec(redirectPage.body.toString("utf8")) ?? [];
      if (!url) throw new Failure(`No page redirects to ${provider}: ${response.status}`);
      return { response, headers, url: url.replaceAll("&amp;", "&") };
    },
    callbackPath: (provider) => `/api/auth/callback/${provider}`,
    isCompleted: (response, { email_verified: isVerified }) =>
      isVerified
        ? /session=[\w-]/.test(cookiesFrom(response))
        : /\/sign-in\/problem(\?|$)/.test(response.headers.location ?? ""),
  };
}

const baselineTarget = ({ origin, pid }: Server): Target => ({
  ...{ who: "node", origin, pids: [pid] },
  async start(provider) {
    const response = await send(origin, `/start/${provider}`, { agent });
    const { location: url = "" } = response.headers;
    return { response, headers: { cookie: cookiesFrom(response) }, url };
  },
  callbackPath: (provider) => `/callback/${provider}`,
  isCompleted: ({ status, body }, { email }) =>
    status === 200 && body.toString("utf8").includes(email),
});

/** Starts an OAuth attempt, signs in at the provider as this user, and sends the callback. */
async function signInWithProvider(target: Target, provider: ProviderId, person: Person) {
  const started = await target.start(provider);
  return { started, callback: await finishOAuth(target, provider, person, started) };
}

async function finishOAuth(target: Target, provider: ProviderId, person: Person, started: Started) {
  const authorization = new URL(started.url);
  authorization.searchParams.set("login_hint", JSON.stringify(person));
  const { headers } = await send(
    authorization.origin,
    authorization.pathname + authorization.search,
    {
      agent,
    },
  );
  const { search } = new URL(headers.location ?? "", target.origin);
  const path = target.callbackPath(provider) + search;
  const response = await send(target.origin, path, { headers: started.headers, agent });
  if (!target.isCompleted(response, person))
    throw new Failure(
      `After the callback from ${provider}, ${target.who} redirects to ${response.headers.location ?? response.status}.`,
    );
  return response;
}

/** Sign-ins one at a time, for the latency, and eight at once, for the cost. */
async function measure(
  target: Target,
  provider: ProviderId,
  next: () => Person,
): Promise<OAuthFigures> {
  const burst = async (signIns: number, atOnce: number) => {
    const [start, callback]: number[][] = [[], []];
    const users = Array.from({ length: signIns }, next);
    await forEachAtOnce(users, atOnce, async (person) => {
      const signIn = await signInWithProvider(target, provider, person);
      start!.push(signIn.started.response.ms);
      callback!.push(signIn.callback.ms);
    });
    return { start: median(start!), callback: median(callback!) };
  };
  const cpuSoFar = () => (canLookInside ? cpuMs(target.pids) : NaN);
  const atOne = await burst(signInsAtOne, 1);
  const before = cpuSoFar();
  const signIns = signInsAtEight[target.who];
  const atEight = await burst(signIns, 8);
  return {
    cpu: (cpuSoFar() - before) / signIns,
    startAtOne: atOne.start,
    callbackAtOne: atOne.callback,
    startAtEight: atEight.start,
    callbackAtEight: atEight.callback,
  };
}

/** Runs on a server of its own, because logging every statement costs time. */
async function countStatements(stage: Stage, people: People, settings: Settings) {
  await stage.logStatements(true);
  const latchkey = await startLatchkey(stage.databaseUrl, settings);
  const target = await latchkeyTarget(latchkey, []);
  const count = async (provider: ProviderId, who: UserKind) => {
    const person = people[provider][who];
    // The first use of a connection queries Postgres for its types.
    await signInWithProvider(target, provider, person());
    let started: Started | undefined;
    const start = await stage.during(async () => (started = await target.start(provider)));
    const callback = await stage.during(() => finishOAuth(target, provider, person(), started!));
    return { start, callback };
  };
  const of = async (provider: ProviderId) => ({
    returning: await count(provider, "returning"),
    new: await count(provider, "new"),
  });
  const statements = { google: await of("google"), linkedin: await of("linkedin") };
  await latchkey.stop();
  await stage.logStatements(false);
  return statements;
}
