import autocannon from "autocannon";
import { Failure } from "../scripts/run.mjs";
import { canLookInside, cpuMs } from "./processes";
import { quantile } from "./statistics";

/** A page or route under load: where it is, what is asked of it, and whose CPU it uses. */
export interface Target {
  readonly url: string;
  readonly cookie: string;
  /** The processes that do its work: the server's and Postgres's. */
  readonly pids: readonly number[];
  /** How many requests a burst has: fewer where each costs more. */
  readonly requests: number;
}

/** What one round says of a target; times in milliseconds. */
export interface Figures {
  /** Not a number where the system does not tell. */
  readonly cpu: number;
  readonly perSecond: number;
  readonly p50AtOne: number;
  readonly p99AtOne: number;
  readonly p50AtEight: number;
  readonly p99AtEight: number;
}

/** One burst over one connection, which shows the latency, and one over eight, which shows the cost. */
export async function measure(target: Target): Promise<Figures> {
  const alone = await burst({ ...target, requests: Math.ceil(target.requests / 4) }, 1);
  const crowd = await burst(target, 8);
  return {
    cpu: crowd.cpu,
    perSecond: crowd.perSecond,
    p50AtOne: quantile(alone.times, 0.5),
    p99AtOne: quantile(alone.times, 0.99),
    p50AtEight: quantile(crowd.times, 0.5),
    p99AtEight: quantile(crowd.times, 0.99),
  };
}

const longestBurstMs = 60_000;

/** Works through a list, so many at once. */
export async function inTurn<T>(
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

/** So many requests over so many connections, each sent when the one before is answered. */
async function burst({ url, cookie, pids, requests }: Target, connections: number) {
  // The library's own figures are whole milliseconds; a session check takes less than one.
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
      // The library itself notices the end later, at its next tick.
      last = performance.now();
    });
  });
  if (result["2xx"] !== requests)
    throw new Failure(`${url}: ${result["2xx"]} of ${requests} requests were answered with 2xx.`);
  return {
    times,
    cpu: (cpuSoFar() - cpuBefore) / requests,
    perSecond: requests / ((last - since) / 1000),
  };
}
