import type { OAuthSituation, Decision } from "@/lib/core/oauth-identity";

/** A situation at the end of an OAuth attempt, and the expected decision. */
export interface Situation extends OAuthSituation {
  readonly name: string;
  readonly becomes: Decision;
}

/**
 * What to do with an identity from a provider, cell by cell from the requirements (O2–O4, A3, A5).
 * `account` is the account with the verified address. Without a verified address, or with an
 * identity that opens an account, that account does not matter: such cells are impossible.
 */
const table = `
goal    | signed in | identity          | account | authoritative | verified      | unverified    | missing
sign in | none      | none              | none    | sign up       | sign up       | no address    | no address
sign in | none      | none              | other   | first sign in | first sign in | impossible    | impossible
sign in | none      | other             | none    | sign in       | sign in       | sign in       | sign in
sign in | none      | other unconfirmed | none    | first sign in | first sign in | first sign in | first sign in
sign in | ada       | none              | none    | switch?       | switch?       | no address    | no address
sign in | ada       | none              | own     | link?         | link?         | impossible    | impossible
sign in | ada       | none              | other   | switch?       | switch?       | impossible    | impossible
sign in | ada       | own               | none    | sign in       | sign in       | sign in       | sign in
sign in | ada       | own unconfirmed   | none    | link?         | link?         | link?         | link?
sign in | ada       | other             | none    | switch?       | switch?       | switch?       | switch?
sign in | ada       | other unconfirmed | none    | switch?       | switch?       | switch?       | switch?
link    | ada       | none              | none    | link?         | link?         | no address    | no address
link    | ada       | none              | own     | link?         | link?         | impossible    | impossible
link    | ada       | none              | other   | link?         | link?         | impossible    | impossible
link    | ada       | own               | none    | linked        | linked        | linked        | linked
link    | ada       | own unconfirmed   | none    | link?         | link?         | link?         | link?
link    | ada       | other             | none    | in use        | in use        | in use        | in use
link    | ada       | other unconfirmed | none    | in use        | in use        | in use        | in use
`;

const decisions: Record<string, Decision | null> = {
  "sign up": "sign_up",
  "sign in": "sign_in",
  "first sign in": "ask_to_sign_in",
  "link?": "ask_to_link",
  "switch?": "ask_to_switch",
  linked: "already_linked",
  "in use": "identity_already_in_use",
  "no address": "provider_email_unverified",
  impossible: null,
};

/** Every possible situation. */
export const situations: readonly Situation[] = table
  .trim()
  .split("\n")
  .slice(1)
  .flatMap((textLine) => {
    const [goal, signedIn, owner = "", account, ...cells] = textLine
      .split("|")
      .map((cell) => cell.trim());
    const [identity, needsConfirmation] = owner.split(" ");
    return (["authoritative", "verified", "unverified", "missing"] as const).flatMap(
      (emailAssurance, n) => {
        const becomes = decisions[cells[n]!];
        if (becomes === undefined) throw new Error(`${cells[n]} is no decision of the table.`);
        if (becomes === null) return [];
        const at = {
          linking: goal === "link",
          signedIn: signedIn === "ada",
          emailAssurance,
          becomes,
        };
        const name = `to ${goal}, signed in: ${signedIn}, identity: ${owner}, address: ${emailAssurance}, of account: ${account}: ${cells[n]}`;
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
