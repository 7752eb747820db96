import { Failure } from "../scripts/run.mjs";
import { send } from "./http";
import { type Figures, measure, type Target } from "./load";
import { residentMb, canLookInside } from "./processes";
import type { Server } from "./servers";
import { shuffled } from "./statistics";

/** Who does the same work side by side: we, and the least it can cost with and without Next. */
export type Who = "latchkey" | "next" | "node";

interface Contest {
  readonly signedIn: boolean;
  readonly requests: number;
  readonly paths: Readonly<Partial<Record<Who, string>>>;
}

/** The bare Next app has one page, which looks the session up where there is a cookie. */
const comparisons = {
  "session check": {
    signedIn: true,
    requests: 2_000,
    paths: { latchkey: "/api/v1/session", next: "/api/session", node: "/" },
  },
  "signed-in page": { signedIn: true, requests: 800, paths: { latchkey: "/account", next: "/" } },
  "sign-in page": { signedIn: false, requests: 800, paths: { latchkey: "/sign-in", next: "/" } },
} as const satisfies Record<string, Contest>;

export type Work = keyof typeof comparisons;
export const works = Object.keys(comparisons) as Work[];

export const pathOf = (work: Work) => comparisons[work].paths.latchkey;
export const needsSession = (work: Work) => comparisons[work].signedIn;

/** A server as a contestant: with a cookie of its own, and the database that works for it. */
export interface Contestant {
  readonly server: Server;
  readonly cookie: string;
  readonly databasePids: readonly number[];
}

export type Contestants = Readonly<Partial<Record<Who, Contestant>>>;

/** Lets everybody do one work, in random order, so that whatever drifts favours nobody. */
export async function hold(
  work: Work,
  subjects: Contestants,
): Promise<Partial<Record<Who, Figures>>> {
  const { paths }: Contest = comparisons[work];
  const figures: Partial<Record<Who, Figures>> = {};
  for (const who of shuffled(Object.keys(subjects) as Who[])) {
    const path = paths[who];
    if (path) figures[who] = await measure(target(work, path, subjects[who]!));
  }
  return figures;
}

/** A floor that looked nobody up would be too low: each must know who is signed in. */
export async function checkFloors(subjects: Contestants): Promise<void> {
  for (const work of works.filter(needsSession))
    for (const [who, path] of Object.entries(comparisons[work].paths)) {
      const { server, cookie } = subjects[who as Who]!;
      const { body } = await send(server.origin, path, { headers: { cookie } });
      if (!/person-\d+@/.test(body.toString("utf8")))
        throw new Failure(`${server.origin}${path} (${who}) does not say who is signed in.`);
    }
}

function target(work: Work, path: string, { server, cookie, databasePids }: Contestant): Target {
  const { signedIn, requests } = comparisons[work];
  return {
    url: server.origin + path,
    cookie: signedIn ? cookie : "",
    pids: [server.pid, ...databasePids],
    requests,
  };
}

export const memoryOf = ({ server }: Contestant) =>
  canLookInside ? residentMb([server.pid]) : NaN;
