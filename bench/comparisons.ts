import { Failure } from "../scripts/run.mjs";
import { send } from "./http";
import { type Figures, measure, type Target } from "./load";
import { residentMb, canLookInside } from "./processes";
import type { Server } from "./servers";
import { shuffled } from "./statistics";

/** The servers that do the same work: Latchkey, and the minimum with and without Next. */
export type Who = "latchkey" | "next" | "node";

interface Comparison {
  readonly signedIn: boolean;
  readonly requests: number;
  readonly paths: Readonly<Partial<Record<Who, string>>>;
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
  "sign-in page": { signedIn: false, requests: 800, paths: { latchkey: "/sign-in", next: "/" } },
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
export async function runRound(
  work: Work,
  subjects: Subjects,
): Promise<Partial<Record<Who, Figures>>> {
  const { paths }: Comparison = comparisons[work];
  const figures: Partial<Record<Who, Figures>> = {};
  for (const who of shuffled(Object.keys(subjects) as Who[])) {
    const path = paths[who];
    if (path) figures[who] = await measure(target(work, path, subjects[who]!));
  }
  return figures;
}

/** Each floor must look up the session, or its cost would be too low. */
export async function checkFloors(subjects: Subjects): Promise<void> {
  for (const work of works.filter(needsSession))
    for (const [who, path] of Object.entries(comparisons[work].paths)) {
      const { server, cookie } = subjects[who as Who]!;
      const { headers, body } = await send(server.origin, path, { headers: { cookie } });
      if (!/person-\d+@/.test(`${String(headers["remote-email"])} ${body.toString("utf8")}`))
        throw new Failure(`${server.origin}${path} (${who}) does not name the signed-in user.`);
    }
}

function target(work: Work, path: string, { server, cookie, databasePids }: Subject): Target {
  const { signedIn, requests } = comparisons[work];
  return {
    url: server.origin + path,
    cookie: signedIn ? cookie : "",
    pids: [server.pid, ...databasePids],
    requests,
  };
}

export const memoryOf = ({ server }: Subject) => (canLookInside ? residentMb([server.pid]) : NaN);
