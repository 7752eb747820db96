import { Failure } from "../scripts/run.mjs";
import { send } from "./http";
import { type Figures, measure, type Target } from "./load";
import { residentMb, canLookInside } from "./processes";
import type { Server } from "./servers";
import { shuffled } from "./statistics";

/** The servers that do the same work: Latchkey, and the minimum with and without Next. */
export type Who = "latchkey" | "next" | "node";

export interface Comparison<W extends string = Who> {
  readonly signedIn: boolean;
  readonly requests: number;
  readonly paths: Readonly<Partial<Record<W, string>>>;
}

/** The bare Next app has one page, which looks up the session of the cookie. */
const comparisons = {
  "session check": {
    signedIn: true,
    requests: 2_000,
    paths: { latchkey: "/api/v1/session", next: "/api/session", node: "/" },
  },
  "check for a proxy": {
    signedIn: true,
    requests: 2_000,
    paths: { latchkey: "/check", node: "/" },
  },
  "signed-in page": { signedIn: true, requests: 800, paths: { latchkey: "/account", next: "/" } },
  // Rivals serve a page that the build has rendered, so that is the minimum.
  "sign-in page": {
    signedIn: false,
    requests: 2_000,
    paths: { latchkey: "/sign-in", next: "/static" },
  },
} as const satisfies Record<string, Comparison>;

export type Work = keyof typeof comparisons;
export const works = Object.keys(comparisons) as Work[];

export const pathOf = (work: Work) => comparisons[work].paths.latchkey;
export const needsSession = (work: Work) => comparisons[work].signedIn;

/** A server with a session cookie, and the processes of its database. */
export interface Subject {
  readonly server: Server;
  readonly cookie: string;
  readonly databasePids: readonly number[];
}

export type Subjects = Readonly<Partial<Record<Who, Subject>>>;

/** Measures one kind of work on every server, in random order, so that drift is spread evenly. */
export const runRound = (work: Work, subjects: Subjects) =>
  measureEach<Who>(comparisons[work], subjects);

export async function measureEach<W extends string>(
  comparison: Comparison<W>,
  subjects: Readonly<Partial<Record<W, Subject>>>,
): Promise<Partial<Record<W, Figures>>> {
  const figures: Partial<Record<W, Figures>> = {};
  for (const who of shuffled(Object.keys(subjects) as W[])) {
    const path = comparison.paths[who];
    if (path) figures[who] = await measure(target(comparison, path, subjects[who]!));
  }
  return figures;
}

/** Each floor must look up the session, or its cost would be too low. */
export async function checkFloors(subjects: Subjects): Promise<void> {
  for (const work of works.filter(needsSession))
    await checkSessions<Who>(comparisons[work], subjects);
}

/** Throws a `Failure` unless every server names the signed-in user. */
export async function checkSessions<W extends string>(
  { paths }: Comparison<W>,
  subjects: Readonly<Partial<Record<W, Subject>>>,
): Promise<void> {
  for (const [who, path] of Object.entries(paths) as [W, string][]) {
    const { server, cookie } = subjects[who]!;
    const { headers, body } = await send(server.origin, path, { headers: { cookie } });
    if (!/person-\d+@/.test(`${String(headers["remote-email"])} ${body.toString("utf8")}`))
      throw new Failure(`${server.origin}${path} (${who}) does not name the signed-in user.`);
  }
}

function target<W extends string>(
  { signedIn, requests }: Comparison<W>,
  path: string,
  { server, cookie, databasePids }: Subject,
): Target {
  return {
    url: server.origin + path,
    cookie: signedIn ? cookie : "",
    pids: [server.pid, ...databasePids],
    requests,
  };
}

export const memoryOf = ({ server }: Subject) => (canLookInside ? residentMb([server.pid]) : NaN);
