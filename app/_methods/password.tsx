import { continueWithPassword } from "@/app/(signed-out)/sign-in/actions";
import { ButtonLink } from "@/app/_ui/button";
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
    action: <ButtonLink href="/account/password">{message("methods.setPassword")}</ButtonLink>,
  }),
  actions: ({ isUsable, isLast }) =>
    isUsable ? (
      <div className="actions">
        <ButtonLink href="/account/password">
          {rich("methods.changePassword", { object })}
        </ButtonLink>
        {isLast ? (
          <State text={message("methods.only")} />
        ) : (
          <ButtonLink variant="danger" href="/account/password/remove">
            {rich("methods.removePassword", { object })}
          </ButtonLink>
        )}
      </div>
    ) : (
      <State text={message("methods.disabled")} />
    ),
};
