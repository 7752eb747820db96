import type { MethodId } from "@/lib/core/method-id";
import { googleMethod } from "./google";
import { linkedinMethod } from "./linkedin";
import { magicLinkMethod } from "./magic-link";
import type { Method, OAuthMethod } from "./method";
import { passwordMethod } from "./password";

/** The only list of sign-in methods. */
const all: Method[] = [magicLinkMethod, passwordMethod, googleMethod, linkedinMethod];

/** Every method, in the order of pages. Asked at each use, as a test may register another. */
export const methods = (): readonly Method[] => all.toSorted((a, b) => a.rank - b.rank);

export const methodById = (id: string): Method | undefined => all.find((one) => one.id === id);

/** The method of a stored name; undefined for one that this version does not have. */
export const methodByStoredName = (name: string): Method | undefined =>
  all.find(({ storedName }) => storedName === name);

/** A method as a user's account has it. */
interface LinkedMethod {
  /** Its stored name. */
  readonly provider: string;
  readonly needsConfirmation: boolean;
}

/**
 * The methods by which a user can sign in (A4): of the `enabled` ones those that need no row, and those
 * that the account has and that do not wait for their owner's confirmation. What any page, API or flow
 * calls usable comes from here.
 */
export const usableMethods = (
  linked: readonly LinkedMethod[],
  enabled: readonly MethodId[],
): Method[] =>
  methods().filter(
    ({ id, storedName, needsRow }) =>
      enabled.includes(id) &&
      (!needsRow ||
        linked.some(
          ({ provider, needsConfirmation }) => provider === storedName && !needsConfirmation,
        )),
  );

/** Whether a user can sign in with a method that their account has. */
export const isUsable = (linked: LinkedMethod, enabled: readonly MethodId[]): boolean =>
  usableMethods([linked], enabled).some(({ storedName }) => storedName === linked.provider);

/** Whether a text is the id of a method. */
export const isMethodId = (text: unknown): text is MethodId => all.some((one) => one.id === text);

export const oauthMethods = (): readonly OAuthMethod[] => methods().filter(isOAuth);

/** Whether a text, from an address or a form, is the id of an OAuth provider. */
export const isOAuthMethodId = (text: unknown): text is MethodId =>
  all.some((one) => one.id === text && isOAuth(one));

/** The facts of an OAuth provider. Throws for the id of another method. */
export function oauthMethod(id: MethodId): OAuthMethod {
  const found = methodById(id);
  if (!found || !isOAuth(found)) throw new Error(`${id} is not an OAuth provider.`);
  return found;
}

const isOAuth = (method: Method): method is OAuthMethod => method.oauth !== null;

/** Adds a method, for tests. Returns what removes it. */
export function registerMethod(method: Method): () => void {
  all.push(method);
  return () => void all.splice(all.indexOf(method), 1);
}
