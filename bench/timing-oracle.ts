import type { Account } from "./postgres";
import { shuffled } from "./statistics";

/** Response times in milliseconds, for unknown addresses and for each kind of account. */
export interface TimesByAccount {
  readonly unknown: readonly number[];
  readonly accounts: Readonly<Record<string, readonly number[]>>;
}

/** Where users are added: Latchkey's stage, or another product. */
interface Users {
  addUsers(addresses: readonly string[], account: Account): Promise<void>;
}

/** Accounts that have only a provider. */
export const ofProviders = {
  "google-only": { provider: "google" },
  "linkedin-only": { provider: "linkedin" },
} as const satisfies Record<string, Account>;

/**
 * Times the same request for addresses with each kind of account and for unknown ones, in random
 * order; `act` returns the response time.
 */
export async function distinguish(
  users: Users,
  request: string,
  accounts: Readonly<Record<string, Account>>,
  n: number,
  act: (email: string) => Promise<number>,
): Promise<TimesByAccount> {
  // All addresses have the same length, because only the account should differ.
  const address = (who: string, at: number) =>
    `${who.padStart(13, "x")}-${request}-${String(at).padStart(4, "0")}@example.com`;
  const numbers = Array.from({ length: n }, (_, at) => at);
  const times: Record<string, number[]> = {};
  for (const [who, account] of Object.entries(accounts)) {
    await users.addUsers(
      numbers.map((at) => address(who, at)),
      account,
    );
    times[who] = [];
  }
  const unknown: number[] = [];
  const groups = [...Object.entries(times), ["unknown", unknown] as const];
  for (const at of numbers)
    for (const [who, samples] of shuffled(groups)) samples.push(await act(address(who, at)));
  return { unknown, accounts: times };
}
