import { submitLinkRequest } from "@/app/(signed-out)/sign-in/actions";
import { message, rich } from "@/lib/web/messages";
import type { MethodPieces } from "./pieces";
import { State } from "./state";

export const magicLinkPieces: MethodPieces = {
  name: () => message("methods.magicLink"),
  signedIn: (when) => rich("sessions.signedInWithLink", { when }),
  addressButton: { text: () => message("signIn.emailLink"), action: submitLinkRequest },
  missing: () => ({
    state: message("methods.notUsed"),
    action: <State text={message("methods.alwaysAvailable")} />,
  }),
  actions: ({ isUsable }) => (
    <State text={message(isUsable ? "methods.alwaysAvailable" : "methods.disabled")} />
  ),
};
