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
