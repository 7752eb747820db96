import { limits } from "@/lib/policy";
import type { Stage } from "./postgres";
import type { Latchkey } from "./servers";
import { ask, newAddress, redeem } from "./sign-in";
import { shuffled } from "./statistics";

/** Times of asking for a link and of pressing it, in milliseconds. */
export interface AskTimes {
  readonly asked: number[];
  readonly redeemed: number[];
}

/** New people ask for a link and press it, one after the other. */
export async function timeAsking(stage: Stage, latchkey: Latchkey, n: number): Promise<AskTimes> {
  const times: AskTimes = { asked: [], redeemed: [] };
  for (let count = 0; count < n; count += 1) {
    const email = newAddress();
    const asked = await calmly(stage, count, () => ask(latchkey, email));
    times.asked.push(asked.ms);
    await stage.mailIsOut();
    times.redeemed.push((await redeem(latchkey, email, asked)).ms);
  }
  return times;
}

/** How long an answer takes, by whether the address has an account. */
export interface Strangers {
  readonly known: number[];
  readonly unknown: number[];
}

/** Asks for a link for pairs of addresses, one with an account and one without, in random order. */
export async function timeStrangers(
  stage: Stage,
  latchkey: Latchkey,
  pairs: number,
): Promise<Strangers> {
  // Of one length, so that they differ in nothing but what is measured.
  const address = (who: keyof Strangers, n: number) =>
    `${who.padStart(7, "x")}-${String(n).padStart(4, "0")}@example.com`;
  const numbers = Array.from({ length: pairs }, (_, n) => n);
  await stage.addUsers(numbers.map((n) => address("known", n)));
  const times: Strangers = { known: [], unknown: [] };
  let count = 0;
  for (const n of numbers)
    for (const who of shuffled(["known", "unknown"] as const)) {
      const answer = await calmly(stage, count, () => ask(latchkey, address(who, n)));
      times[who].push(answer.ms);
      count += 1;
    }
  return times;
}

/** Within the limits as they are set, and without the courier at work on the letter before. */
async function calmly<T>(stage: Stage, count: number, act: () => Promise<T>): Promise<T> {
  await stage.mailIsOut();
  if (count % limits.mailRequestsPerIp.max === 0) await stage.clearLimits();
  return act();
}
