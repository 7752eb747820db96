import type { Account, Stage } from "./postgres";
import { shuffled } from "./statistics";

/** How long answers take in milliseconds: where there is no account, and by what account there is. */
export interface Strangers {
  readonly unknown: readonly number[];
  readonly accounts: Readonly<Record<string, readonly number[]>>;
}

/** Accounts that nobody has ever come to by a way of ours. */
export const ofProviders = {
  "google-only": { provider: "google" },
  "linkedin-only": { provider: "linkedin" },
} as const satisfies Record<string, Account>;

/**
 * Does the same for addresses with each kind of account and for as many without one, in random order;
 * `act` tells how long its answer took.
 */
export async function distinguish(
  stage: Stage,
  door: string,
  accounts: Readonly<Record<string, Account>>,
  n: number,
  act: (email: string) => Promise<number>,
): Promise<Strangers> {
  // Of one length, so that they differ in nothing but what is measured.
  const address = (who: string, at: number) =>
    `${who.padStart(13, "x")}-${door}-${String(at).padStart(4, "0")}@example.com`;
  const numbers = Array.from({ length: n }, (_, at) => at);
  const times: Record<string, number[]> = {};
  for (const [who, account] of Object.entries(accounts)) {
    await stage.addUsers(
      numbers.map((at) => address(who, at)),
      account,
    );
    times[who] = [];
  }
  const unknown: number[] = [];
  const everybody = [...Object.entries(times), ["unknown", unknown] as const];
  for (const at of numbers)
    for (const [who, its] of shuffled(everybody)) its.push(await act(address(who, at)));
  return { unknown, accounts: times };
}
