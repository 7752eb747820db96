import { Badge } from "@/app/_ui/badge";
import { Button } from "@/app/_ui/button";
import { Checkbox } from "@/app/_ui/checkbox";
import { Form } from "@/app/_ui/form";
import { Alert } from "@/app/_ui/note";
import { ProviderLogo } from "@/app/_methods/provider-logo";
import type { MethodId } from "@/lib/core/method-id";
import { oauthMethod, oauthMethods } from "@/lib/methods";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { isInAppBrowser } from "@/lib/web/request";
import type { LastMethod } from "@/lib/web/last-method";
import { message, messages } from "@/lib/web/messages";
import { siteConfig } from "@/lib/web/site";
import { submitProvider } from "./actions";

interface Props {
  readonly next: string;
  readonly last: LastMethod;
  readonly remember: boolean;
}

/**
 * A form that starts signing in with a provider. Null where the provider is disabled, or refuses this
 * browser.
 */
export async function TryAgainForm({ provider, next }: { provider: MethodId; next: string }) {
  const { oauth } = oauthMethod(provider);
  const isRefusing = oauth.refusesInAppBrowsers && (await isInAppBrowser());
  if (isRefusing || !siteConfig().methods.includes(provider)) return null;
  return (
    <Form action={submitProvider}>
      <input type="hidden" name="provider" value={provider} />
      <input type="hidden" name="next" value={next} />
      <Button variant="primary" icon={<ProviderLogo provider={provider} />}>
        {message("problem.tryAgain", { provider: oauth.name })}
      </Button>
    </Form>
  );
}

/**
 * One form with a button per provider, the one used last first. Apart from the form of the address, so that
 * Enter there submits none of them. A checkbox belongs to one form only, so this one has its own: its label
 * names the providers, and the script ticks both together.
 */
export async function ProviderForms({ next, last, remember }: Props) {
  const { methods } = siteConfig();
  const enabled = oauthMethods().filter(({ id }) => methods.includes(id));
  // Such a provider refuses with a page that offers no way out.
  const refusing = (await isInAppBrowser())
    ? enabled.filter(({ oauth }) => oauth.refusesInAppBrowsers)
    : [];
  const shown = enabled
    .filter((method) => !refusing.includes(method))
    .sort((a, b) => Number(b.id === last) - Number(a.id === last));
  const providers = messages().list(
    shown.map(({ oauth }) => oauth.name),
    "disjunction",
  );
  return (
    <>
      {shown.length > 0 && (
        <Form action={submitProvider}>
          <Checkbox
            name="remember"
            label={message("signIn.keepWith", { providers })}
            defaultChecked={remember}
          />
          <input type="hidden" name="next" value={next} />
          {shown.map(({ id, oauth }) => (
            <Button
              key={id}
              name="provider"
              value={id}
              icon={<ProviderLogo provider={id} />}
              badge={id === last && <Badge>{message("signIn.lastUsed")}</Badge>}
            >
              {message("signIn.continueWith", { provider: oauth.name })}
            </Button>
          ))}
        </Form>
      )}
      {refusing.length > 0 && (
        <Alert tone="info">
          <p>
            {message(
              methods.includes(magicLinkMethod.id)
                ? "signIn.inAppBrowser.useCode"
                : "signIn.inAppBrowser.openElsewhere",
              {
                provider: messages().list(
                  refusing.map(({ oauth }) => oauth.name),
                  "conjunction",
                ),
              },
            )}
          </p>
        </Alert>
      )}
    </>
  );
}
