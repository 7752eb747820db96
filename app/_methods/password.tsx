import { continueWithPassword } from "@/app/(signed-out)/sign-in/actions";
import { object } from "@/app/markup";
import { message, rich } from "@/lib/web/messages";
import type { MethodPieces } from "./pieces";
import { State } from "./state";

export const passwordPieces: MethodPieces = {
  name: () => message("methods.password"),
  signedIn: (when) => rich("sessions.signedInWithPassword", { when }),
  addressButton: { text: () => message("signIn.usePassword"), action: continueWithPassword },
  missing: () => ({
    state: message("methods.notSet"),
    action: (
      <a className="button button--plain" href="/account/password">
        {message("methods.setPassword")}
      </a>
    ),
  }),
  actions: ({ isUsable, isLast }) =>
    isUsable ? (
      <div className="actions">
        <a className="button button--plain" href="/account/password">
          <span className="label">{rich("methods.changePassword", { object })}</span>
        </a>
        {isLast ? (
          <State text={message("methods.only")} />
        ) : (
          <a className="button button--danger" href="/account/password/remove">
            <span className="label">{rich("methods.removePassword", { object })}</span>
          </a>
        )}
      </div>
    ) : (
      <State text={message("methods.disabled")} />
    ),
};
