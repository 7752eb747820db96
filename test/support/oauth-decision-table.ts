import type { OAuthSituation, Decision } from "@/lib/core/oauth-identity";

/** A situation in which somebody comes back, and what is to become of them. */
export interface Situation extends OAuthSituation {
  readonly name: string;
  readonly becomes: Decision;
}

/**
 * Who comes back from a provider, and what now; written from the requirements (O2–O4, A3, A5), cell by
 * cell. `account` has the address that is vouched for: where the provider vouches for none, or the
 * identity opens an account already, nobody asks whose the address is, and such cells are impossible.
 */
const table = `
set out to | here is | identity            | account  | mailbox       | verified      | unverified    | missing
sign in    | nobody  | free                | none     | sign up       | sign up       | no address    | no address
sign in    | nobody  | free                | anothers | first sign in | first sign in | impossible    | impossible
sign in    | nobody  | anothers            | none     | sign in       | sign in       | sign in       | sign in
sign in    | nobody  | anothers questioned | none     | first sign in | first sign in | first sign in | first sign in
sign in    | ada     | free                | none     | switch?       | switch?       | no address    | no address
sign in    | ada     | free                | mine     | connect?      | connect?      | impossible    | impossible
sign in    | ada     | free                | anothers | switch?       | switch?       | impossible    | impossible
sign in    | ada     | mine                | none     | sign in       | sign in       | sign in       | sign in
sign in    | ada     | mine questioned     | none     | connect?      | connect?      | connect?      | connect?
sign in    | ada     | anothers            | none     | switch?       | switch?       | switch?       | switch?
sign in    | ada     | anothers questioned | none     | switch?       | switch?       | switch?       | switch?
connect    | ada     | free                | none     | connect?      | connect?      | no address    | no address
connect    | ada     | free                | mine     | connect?      | connect?      | impossible    | impossible
connect    | ada     | free                | anothers | connect?      | connect?      | impossible    | impossible
connect    | ada     | mine                | none     | already       | already       | already       | already
connect    | ada     | mine questioned     | none     | connect?      | connect?      | connect?      | connect?
connect    | ada     | anothers            | none     | taken         | taken         | taken         | taken
connect    | ada     | anothers questioned | none     | taken         | taken         | taken         | taken
`;

const words: Record<string, Decision | null> = {
  "sign up": "sign_up",
  "sign in": "sign_in",
  "first sign in": "ask_to_sign_in",
  "connect?": "ask_to_link",
  "switch?": "ask_to_switch",
  already: "already_linked",
  taken: "identity_already_in_use",
  "no address": "provider_email_unverified",
  impossible: null,
};

/** Every situation there can be. */
export const situations: readonly Situation[] = table
  .trim()
  .split("\n")
  .slice(1)
  .flatMap((textLine) => {
    const [goal, here, whose = "", account, ...cells] = textLine
      .split("|")
      .map((cell) => cell.trim());
    const [identity, needsConfirmation] = whose.split(" ");
    return (["authoritative", "verified", "unverified", "missing"] as const).flatMap(
      (emailAssurance, n) => {
        const becomes = words[cells[n]!];
        if (becomes === undefined) throw new Error(`${cells[n]} is no word of the table.`);
        if (becomes === null) return [];
        const at = {
          linking: goal === "connect",
          signedIn: here === "ada",
          emailAssurance,
          becomes,
        };
        const name = `to ${goal}, ${here} here, identity ${whose}, address ${emailAssurance} of ${account}: ${cells[n]}`;
        return [
          {
            ...at,
            name,
            identity: identity as Situation["identity"],
            needsConfirmation: needsConfirmation !== undefined,
            account: account as Situation["account"],
          },
        ];
      },
    );
  });
