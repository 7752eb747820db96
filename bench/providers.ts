import { fork } from "node:child_process";
import { once } from "node:events";
import { Agent } from "node:http";
import { type OAuthProvider, oauthProviderIds, oauthProviders } from "@/lib/core/oauth-providers";
import { formWith, multipart } from "../e2e/support/forms";
import { Failure } from "../scripts/run.mjs";
import { type HttpResponse, cookiesFrom, send } from "./http";
import { inTurn } from "./load";
import type { Stage } from "./postgres";
import { canLookInside, cpuMs } from "./processes";
import { type Server, startFloorTrip, startLatchkey } from "./servers";
import { newNetwork } from "./sign-in";
import type { Statement } from "./statements";
import { median, shuffled } from "./statistics";
import { type Strangers, distinguish } from "./timing-oracle";

/** Who comes back: somebody whose account it opens, or somebody who signs up by it. */
export const travellers = ["returning", "new"] as const;
type Traveller = (typeof travellers)[number];

const tripsAtOne = 16;
// CPU comes in ticks of 10 ms, so what costs little is done more often.
const tripsAtEight = { latchkey: 40, node: 160 };
const pairs = 250;

/** What one round says of trips, each with its two answers; medians in milliseconds. */
export interface TripFigures {
  /** Of a whole trip, among eight at once; not a number where the system does not tell. */
  readonly cpu: number;
  readonly setOutAtOne: number;
  readonly backAtOne: number;
  readonly setOutAtEight: number;
  readonly backAtEight: number;
}

/** The floor takes everybody for the same. */
type TripRound = Readonly<
  Record<OAuthProvider, Readonly<Record<Traveller, Record<"latchkey" | "node", TripFigures>>>>
>;

/** The statements of a trip, by its two answers. */
type TripStatements = Readonly<Record<"setOut" | "back", readonly Statement[]>>;

export interface ProviderFigures {
  readonly rounds: readonly TripRound[];
  readonly statements: Readonly<Record<OAuthProvider, Readonly<Record<Traveller, TripStatements>>>>;
  /** Coming back with an address that the provider does not vouch for. */
  readonly strangers: Strangers;
}

/** What Google and LinkedIn cost, beside the exchange with them alone; on servers of its own. */
export async function measureProviders(stage: Stage, count: number): Promise<ProviderFigures> {
  const people = await addPeople(stage);
  const { settings, stop } = await createOidcClientFactory();
  const statements = await countStatements(stage, people, settings);

  const latchkey = await startLatchkey(stage.databaseUrl, settings);
  const node = await startFloorTrip(settings);
  const ours = await houseOf(latchkey, [stage.pid]);
  const floor = floorOf(node);
  const measureAll = async (): Promise<TripRound> => {
    const round = { google: {}, linkedin: {} } as Record<OAuthProvider, Record<Traveller, Trips>>;
    for (const provider of shuffled(oauthProviderIds))
      for (const who of shuffled(travellers)) {
        const trips = {} as Trips;
        for (const house of shuffled([ours, floor]))
          trips[house.who] = await measure(house, provider, people[provider][who]);
        round[provider][who] = trips;
      }
    return round;
  };
  await measureAll();
  const rounds: TripRound[] = [];
  for (let n = 1; n <= count; n += 1) rounds.push(await measureAll());

  const known = { provider: "magic_link" } as const;
  const strangers = await distinguish(stage, "trip", { known }, pairs, async (email) => {
    const person = { sub: `unvouched-${email}`, email, email_verified: false };
    const { back } = await signInWithProvider(ours, "google", person);
    return back.ms;
  });
  for (const server of [latchkey, node]) await server.stop();
  stop();
  return { rounds, statements, strangers };
}

type Trips = Record<"latchkey" | "node", TripFigures>;

/** Who a provider says it is. */
interface Person {
  readonly sub: string;
  readonly email: string;
  readonly email_verified: boolean;
}

type People = Readonly<Record<OAuthProvider, Readonly<Record<Traveller, () => Person>>>>;

/** Enough known people that none is on two trips at once, and as many new ones as are asked for. */
async function addPeople(stage: Stage): Promise<People> {
  const people = {} as Record<OAuthProvider, People[OAuthProvider]>;
  const personAt = (email: string) => ({ sub: email, email, email_verified: true });
  for (const provider of oauthProviderIds) {
    const known = Array.from({ length: 64 }, (_, n) => `at-${provider}-${n}@example.com`);
    await stage.addUsers(known, { provider });
    let came = 0;
    let more = 0;
    people[provider] = {
      returning: () => personAt(known[(came += 1) % known.length]!),
      new: () => personAt(`new-at-${provider}-${(more += 1)}@example.com`),
    };
  }
  return people;
}

type Settings = Readonly<Record<string, string>>;

/** Starts both; gives what ours must know of them. Everybody comes from an address of their own. */
async function createOidcClientFactory(): Promise<{ settings: Settings; stop: () => void }> {
  const child = fork("bench/provider-server.ts");
  const gone = once(child, "exit").then(() => {
    throw new Failure("The scripted providers did not start.");
  });
  const [keys] = (await Promise.race([once(child, "message"), gone])) as [Settings];
  gone.catch(() => {});
  return {
    settings: { TRUSTED_PROXY_HOPS: "1", ...Object.assign({}, ...Object.values(keys)) },
    stop: () => child.disconnect(),
  };
}

/** Where trips begin and end. */
interface House {
  readonly who: "latchkey" | "node";
  readonly origin: string;
  readonly pids: readonly number[];
  /** Whether an answer lets the person in, or tells why not. */
  isArrival(response: HttpResponse, person: Person): boolean;
  /** To the provider's address, with whatever has to be kept on the way. */
  setOut(provider: OAuthProvider): Promise<Begun>;
  pathBack(provider: OAuthProvider): string;
}

interface Begun {
  readonly response: HttpResponse;
  readonly headers: Readonly<Record<string, string>>;
  readonly url: string;
}

// What is timed is the server, not the handshake.
const agent = new Agent({ keepAlive: true });

/** Ours, by the form of the sign-in page and the page that leads on. */
async function houseOf({ origin, pid }: Server, databasePids: readonly number[]): Promise<House> {
  const page = (await send(origin, "/sign-in")).body.toString("utf8");
  const formFor = (provider: OAuthProvider) =>
    multipart(formWith(page, `Continue with ${oauthProviders[provider].name}`));
  const forms = { google: await formFor("google"), linkedin: await formFor("linkedin") };
  return {
    ...{ who: "latchkey", origin, pids: [pid, ...databasePids] },
    async setOut(provider) {
      const network = newNetwork();
      const asked = { ...network, origin, "sec-fetch-site": "same-origin" };
      const form = forms[provider];
      const response = await send(origin, "/sign-in", { headers: asked, form, agent });
      const headers = { ...network, cookie: cookiesFrom(response) };
      const leaving = await send(origin, "/sign-in/continue", { headers, agent });
      const [, url] = /content="0;url=([^"]+)"/.exec(leaving.body.toString("utf8")) ?? [];
      if (!url) throw new Failure(`Nothing leads to ${provider}: ${response.status}`);
      return { response, headers, url: url.replaceAll("&amp;", "&") };
    },
    pathBack: (provider) => `/api/auth/callback/${provider}`,
    isArrival: (response, { email_verified: isSameOriginVerified }) =>
      isSameOriginVerified
        ? /session=[\w-]/.test(cookiesFrom(response))
        : /\/sign-in\/problem(\?|$)/.test(response.headers.location ?? ""),
  };
}

const floorOf = ({ origin, pid }: Server): House => ({
  ...{ who: "node", origin, pids: [pid] },
  async setOut(provider) {
    const response = await send(origin, `/out/${provider}`, { agent });
    const { location: url = "" } = response.headers;
    return { response, headers: { cookie: cookiesFrom(response) }, url };
  },
  pathBack: (provider) => `/back/${provider}`,
  isArrival: ({ status, body }, { email }) =>
    status === 200 && body.toString("utf8").includes(email),
});

/** Out, through the provider as this person, and back. */
async function signInWithProvider(house: House, provider: OAuthProvider, person: Person) {
  const begun = await house.setOut(provider);
  return { begun, back: await finishOAuth(house, provider, person, begun) };
}

async function finishOAuth(house: House, provider: OAuthProvider, person: Person, begun: Begun) {
  const there = new URL(begun.url);
  there.searchParams.set("login_hint", JSON.stringify(person));
  const { headers } = await send(there.origin, there.pathname + there.search, { agent });
  const { search } = new URL(headers.location ?? "", house.origin);
  const path = house.pathBack(provider) + search;
  const response = await send(house.origin, path, { headers: begun.headers, agent });
  if (!house.isArrival(response, person))
    throw new Failure(
      `Back from ${provider}, ${house.who} leads to ${response.headers.location ?? response.status}.`,
    );
  return response;
}

/** Trips one after the other, which shows the latency, and eight at once, which shows the cost. */
async function measure(
  house: House,
  provider: OAuthProvider,
  next: () => Person,
): Promise<TripFigures> {
  const burst = async (trips: number, atOnce: number) => {
    const [setOut, back]: number[][] = [[], []];
    const everybody = Array.from({ length: trips }, next);
    await inTurn(everybody, atOnce, async (person) => {
      const trip = await signInWithProvider(house, provider, person);
      setOut!.push(trip.begun.response.ms);
      back!.push(trip.back.ms);
    });
    return { setOut: median(setOut!), back: median(back!) };
  };
  const cpuSoFar = () => (canLookInside ? cpuMs(house.pids) : NaN);
  const alone = await burst(tripsAtOne, 1);
  const before = cpuSoFar();
  const trips = tripsAtEight[house.who];
  const crowd = await burst(trips, 8);
  return {
    cpu: (cpuSoFar() - before) / trips,
    setOutAtOne: alone.setOut,
    backAtOne: alone.back,
    setOutAtEight: crowd.setOut,
    backAtEight: crowd.back,
  };
}

/** On a server of its own, because logging every statement is work too. */
async function countStatements(stage: Stage, people: People, settings: Settings) {
  await stage.logStatements(true);
  const latchkey = await startLatchkey(stage.databaseUrl, settings);
  const house = await houseOf(latchkey, []);
  const count = async (provider: OAuthProvider, who: Traveller) => {
    const person = people[provider][who];
    // First uses of a connection ask Postgres for its types.
    await signInWithProvider(house, provider, person());
    let begun: Begun | undefined;
    const setOut = await stage.during(async () => (begun = await house.setOut(provider)));
    const back = await stage.during(() => finishOAuth(house, provider, person(), begun!));
    return { setOut, back };
  };
  const of = async (provider: OAuthProvider) => ({
    returning: await count(provider, "returning"),
    new: await count(provider, "new"),
  });
  const statements = { google: await of("google"), linkedin: await of("linkedin") };
  await latchkey.stop();
  await stage.logStatements(false);
  return statements;
}
