import { confirmProvider, connect } from "@/app/(signed-in)/account/methods/actions";
import { Button, ButtonLink } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { object } from "@/app/markup";
import type { OAuthMethod } from "@/lib/methods/method";
import { message, rich } from "@/lib/web/messages";
import type { MethodPieces } from "./pieces";
import { State } from "./state";

/** The pieces of any OAuth provider. */
export function oauthPieces({ id, oauth }: OAuthMethod): MethodPieces {
  const provider = oauth.name;
  return {
    name: () => provider,
    signedIn: (when) => rich("sessions.signedInWithProvider", { provider, when }),
    addressButton: null,
    missing: () => ({
      state: message("methods.notConnected"),
      action: (
        <Form action={connect}>
          <input type="hidden" name="provider" value={id} />
          <Button>{rich("methods.connect", { provider, object })}</Button>
        </Form>
      ),
    }),
    actions: ({ needsConfirmation, isEnabled, isLast }) => (
      <div className="actions">
        {needsConfirmation && isEnabled && (
          <Form action={confirmProvider}>
            <input type="hidden" name="provider" value={id} />
            <Button>{rich("confirmProviders.keep", { provider, object })}</Button>
          </Form>
        )}
        {!isEnabled && <State text={message("methods.disabled")} />}
        {isLast ? (
          <State text={message("methods.only")} />
        ) : (
          <ButtonLink variant="danger" href={`/account/disconnect/${id}`}>
            {rich("methods.disconnect", { provider, object })}
          </ButtonLink>
        )}
      </div>
    ),
  };
}
