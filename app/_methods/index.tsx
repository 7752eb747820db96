import { accessLinkMethod } from "@/lib/core/access-link";
import type { MethodId } from "@/lib/core/method-id";
import { methodByStoredName } from "@/lib/methods";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import type { Method, OAuthMethod } from "@/lib/methods/method";
import { passwordMethod } from "@/lib/methods/password";
import { message, rich } from "@/lib/web/messages";
import { magicLinkPieces } from "./magic-link";
import { oauthPieces } from "./oauth";
import { passwordPieces } from "./password";
import type { MethodPieces } from "./pieces";
import { State } from "./state";

const own: ReadonlyMap<MethodId, MethodPieces> = new Map([
  [magicLinkMethod.id, magicLinkPieces],
  [passwordMethod.id, passwordPieces],
]);

/** The pieces of a method. Throws for a method of our own without any. */
export function piecesOf(method: Method): MethodPieces {
  const pieces = method.oauth ? oauthPieces(method as OAuthMethod) : own.get(method.id);
  if (!pieces) throw new Error(`${method.id} has no pieces in app/_methods.`);
  return pieces;
}

/** The same by a stored name, which may be of a method that this version does not have. */
export function piecesOfStored(name: string): MethodPieces {
  if (name === accessLinkMethod) return accessLinkPieces;
  const method = methodByStoredName(name);
  return method ? piecesOf(method) : unknownPieces(name);
}

const unknownPieces = (name: string): MethodPieces => ({
  name: () => name,
  signedIn: (when) => rich("sessions.signedInWithProvider", { provider: name, when }),
  addressButton: null,
  missing: () => ({ state: message("methods.notConnected"), action: null }),
  actions: () => <State text={message("methods.disabled")} />,
});

/** A link from staff opens an account, and is no sign-in method. */
const accessLinkPieces: MethodPieces = {
  ...unknownPieces(accessLinkMethod),
  signedIn: (when) => rich("sessions.openedWithAccessLink", { when }),
};
