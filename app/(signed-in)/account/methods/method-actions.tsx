import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { words } from "@/app/words";
import { isOAuthProvider, type OAuthProvider, oauthProviders } from "@/lib/core/oauth-providers";
import { confirmProvider } from "./actions";

interface Props {
  readonly provider: string;
  readonly needsConfirmation: boolean;
  readonly isUsable: boolean;
  readonly isLast: boolean;
}

/** What can be done with a way in; the last one has words instead of a button (A4). */
export function MethodActions({ provider, needsConfirmation, isUsable, isLast }: Props) {
  const state = (text: string) => <span className="hint">{text}</span>;
  if (isOAuthProvider(provider))
    return (
      <div className="actions">
        {needsConfirmation && (
          <ProviderForm provider={provider} action={confirmProvider}>
            {words.questioned.keep}
          </ProviderForm>
        )}
        {!isUsable && !needsConfirmation && state(words.account.switchedOff)}
        {isLast ? (
          state(words.account.lastWayIn)
        ) : (
          <a className="button button--danger" href={`/account/disconnect/${provider}`}>
            {words.account.disconnect}
            <span className="visually-hidden"> {oauthProviders[provider].name}</span>
          </a>
        )}
      </div>
    );
  if (!isUsable) return state(words.account.switchedOff);
  if (provider === "magic_link") return state(words.account.alwaysOn);
  return (
    <div className="actions">
      <a className="button button--plain" href="/account/password">
        {words.account.changePassword}
        <span className="visually-hidden"> {words.account.providers.email}</span>
      </a>
      {isLast ? (
        state(words.account.lastWayIn)
      ) : (
        <a className="button button--danger" href="/account/password/remove">
          {words.account.removePassword}
          <span className="visually-hidden"> {words.account.providers.email}</span>
        </a>
      )}
    </div>
  );
}

interface ProviderFormProps {
  readonly provider: OAuthProvider;
  readonly action: (form: FormData) => Promise<void>;
  readonly children: string;
}

/** A button that does something about a provider. */
export function ProviderForm({ provider, action, children }: ProviderFormProps) {
  return (
    <Form action={action}>
      <input type="hidden" name="provider" value={provider} />
      <Button object={oauthProviders[provider].name}>{children}</Button>
    </Form>
  );
}
