import { limits } from "@/lib/core/policy";
import type { Stage } from "./postgres";
import type { Latchkey } from "./servers";
import { ask, newAddress, redeem } from "./sign-in";
import { ofProviders, type Strangers, distinguish } from "./timing-oracle";

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

/** Asks for links, for addresses with an account and without. */
export function timeStrangers(stage: Stage, latchkey: Latchkey, n: number): Promise<Strangers> {
  let count = 0;
  const known = { provider: "magic_link" } as const;
  return distinguish(stage, "link", { known, ...ofProviders }, n, async (email) => {
    const { ms } = await calmly(stage, count, () => ask(latchkey, email));
    count += 1;
    return ms;
  });
}

/** Within the limits as they are set, and without the courier at work on the letter before. */
async function calmly<T>(stage: Stage, count: number, act: () => Promise<T>): Promise<T> {
  await stage.mailIsOut();
  if (count % limits.emailRequestsPerIp.max === 0) await stage.clearLimits();
  return act();
}
