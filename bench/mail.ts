import { limits } from "@/lib/core/policy";
import type { Stage } from "./postgres";
import type { Latchkey } from "./servers";
import { requestLink, newAddress, redeem } from "./sign-in";
import { ofProviders, type TimesByAccount, distinguish } from "./timing-oracle";

/** Times of link requests and redemptions, in milliseconds. */
export interface LinkTimes {
  /** Of an insert into an empty table, with its commit: the minimum for what must be stored. */
  readonly inserted: number[];
  readonly requested: number[];
  readonly redeemed: number[];
}

/** New users request a link and redeem it, one after the other. */
export async function timeLinks(stage: Stage, latchkey: Latchkey, n: number): Promise<LinkTimes> {
  const times: LinkTimes = { inserted: [], requested: [], redeemed: [] };
  for (let count = 0; count < n; count += 1) {
    const email = newAddress();
    times.inserted.push(await stage.insertAndCommit(email));
    const requested = await whenIdle(stage, count, () => requestLink(latchkey, email));
    times.requested.push(requested.ms);
    await stage.mailIsOut();
    times.redeemed.push((await redeem(latchkey, email, requested)).ms);
  }
  return times;
}

/** Requests links for addresses with and without an account. */
export function timeUnknownAddresses(
  stage: Stage,
  latchkey: Latchkey,
  n: number,
): Promise<TimesByAccount> {
  let count = 0;
  const known = { provider: "magic_link" } as const;
  return distinguish(stage, "link", { known, ...ofProviders }, n, async (email) => {
    const { ms } = await whenIdle(stage, count, () => requestLink(latchkey, email));
    count += 1;
    return ms;
  });
}

/** Acts below the limits, and after the courier has sent the last letter. */
async function whenIdle<T>(stage: Stage, count: number, act: () => Promise<T>): Promise<T> {
  await stage.mailIsOut();
  if (count % limits.emailRequestsPerIp.max === 0) await stage.clearLimits();
  return act();
}
