import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { object } from "@/app/markup";
import { isOAuthProvider, type OAuthProvider, oauthProviders } from "@/lib/core/oauth-providers";
import { message, rich } from "@/lib/web/messages";
import { confirmProvider } from "./actions";

interface Props {
  readonly provider: string;
  readonly needsConfirmation: boolean;
  readonly isUsable: boolean;
  readonly isLast: boolean;
}

/** What can be done with a sign-in method; the last one has text instead of a button (A4). */
export function MethodActions({ provider, needsConfirmation, isUsable, isLast }: Props) {
  const state = (text: string) => <span className="hint">{text}</span>;
  if (isOAuthProvider(provider))
    return (
      <div className="actions">
        {needsConfirmation && (
          <ProviderForm
            provider={provider}
            action={confirmProvider}
            label="confirmProviders.keep"
          />
        )}
        {!isUsable && !needsConfirmation && state(message("methods.disabled"))}
        {isLast ? (
          state(message("methods.only"))
        ) : (
          <a className="button button--danger" href={`/account/disconnect/${provider}`}>
            <span className="label">
              {rich("methods.disconnect", { provider: oauthProviders[provider].name, object })}
            </span>
          </a>
        )}
      </div>
    );
  if (!isUsable) return state(message("methods.disabled"));
  if (provider === "magic_link") return state(message("methods.alwaysAvailable"));
  return (
    <div className="actions">
      <a className="button button--plain" href="/account/password">
        <span className="label">{rich("methods.changePassword", { object })}</span>
      </a>
      {isLast ? (
        state(message("methods.only"))
      ) : (
        <a className="button button--danger" href="/account/password/remove">
          <span className="label">{rich("methods.removePassword", { object })}</span>
        </a>
      )}
    </div>
  );
}

interface ProviderFormProps {
  readonly provider: OAuthProvider;
  readonly action: (form: FormData) => Promise<void>;
  /** The action and its provider, for the accessible name. */
  readonly label: "methods.connect" | "confirmProviders.keep";
}

/** A form with one button about a provider. */
export function ProviderForm({ provider, action, label }: ProviderFormProps) {
  return (
    <Form action={action}>
      <input type="hidden" name="provider" value={provider} />
      <Button>{rich(label, { provider: oauthProviders[provider].name, object })}</Button>
    </Form>
  );
}
