import autocannon from "autocannon";
import { Failure } from "../scripts/run.mjs";
import { canLookInside, cpuMs } from "./processes";
import { quantile } from "./statistics";

/** A page or route under load. */
export interface Target {
  readonly url: string;
  readonly cookie: string;
  /** The processes that do the work: the server and Postgres. */
  readonly pids: readonly number[];
  /** The number of requests in a burst: fewer for expensive ones. */
  readonly requests: number;
}

/** The figures of one round; times in milliseconds. */
export interface Figures {
  /** NaN where the system does not report it. */
  readonly cpu: number;
  readonly perSecond: number;
  readonly p50AtOne: number;
  readonly p99AtOne: number;
  readonly p50AtEight: number;
  readonly p99AtEight: number;
}

/** Runs a burst over one connection, for the latency, and one over eight, for the cost. */
export async function measure(target: Target): Promise<Figures> {
  const atOne = await burst({ ...target, requests: Math.ceil(target.requests / 4) }, 1);
  const atEight = await burst(target, 8);
  return {
    cpu: atEight.cpu,
    perSecond: atEight.perSecond,
    p50AtOne: quantile(atOne.times, 0.5),
    p99AtOne: quantile(atOne.times, 0.99),
    p50AtEight: quantile(atEight.times, 0.5),
    p99AtEight: quantile(atEight.times, 0.99),
  };
}

const longestBurstMs = 60_000;

/** Calls `act` for every item of a list, with `width` calls at once. */
export async function forEachAtOnce<T>(
  list: readonly T[],
  width: number,
  act: (one: T) => Promise<unknown>,
): Promise<void> {
  const rest = [...list];
  const worker = async () => {
    while (rest.length > 0) await act(rest.shift()!);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** Sends requests over several connections; each waits for the response before it. */
async function burst({ url, cookie, pids, requests }: Target, connections: number) {
  // The library reports whole milliseconds, and a session check takes less than one.
  const times: number[] = [];
  const headers = cookie ? { cookie } : {};
  const cpuSoFar = () => (canLookInside ? cpuMs(pids) : NaN);
  const cpuBefore = cpuSoFar();
  const since = performance.now();
  let last = since;
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const cannon = autocannon(
      { url, connections, amount: requests, timeout: 10, headers },
      (error, result) => {
        clearTimeout(tooLong);
        if (error) reject(error as Error);
        else resolve(result);
      },
    );
    const tooLong = setTimeout(() => cannon.stop(), longestBurstMs);
    cannon.on("response", (_client, _status, _bytes, ms) => {
      times.push(ms);
      // The library reports the end later, at its next tick.
      last = performance.now();
    });
  });
  if (result["2xx"] !== requests)
    throw new Failure(`${url}: ${result["2xx"]} of ${requests} requests got a 2xx response.`);
  return {
    times,
    cpu: (cpuSoFar() - cpuBefore) / requests,
    perSecond: requests / ((last - since) / 1000),
  };
}
