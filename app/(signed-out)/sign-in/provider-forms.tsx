import { Badge } from "@/app/_ui/badge";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Alert } from "@/app/_ui/note";
import { ProviderLogo } from "@/app/_ui/provider-logo";
import { oauthProviderIds, oauthProviders } from "@/lib/core/oauth-providers";
import { isInAppBrowser } from "@/lib/web/in-app-browser";
import type { LastMethod } from "@/lib/web/last-method";
import { message } from "@/lib/web/messages";
import { siteConfig } from "@/lib/web/site";
import { submitProvider } from "./actions";

interface Props {
  readonly next: string;
  readonly last: LastMethod;
}

/** One form per provider, the one used last first: Enter in another form submits none of them. */
export async function ProviderForms({ next, last }: Props) {
  const { methods } = siteConfig();
  // Google refuses such browsers with a page that offers no way out.
  const turnsAway = (await isInAppBrowser()) && methods.includes("google");
  const shown = oauthProviderIds
    .filter((id) => methods.includes(id) && !(turnsAway && id === "google"))
    .sort((a, b) => Number(b === last) - Number(a === last));
  return (
    <>
      {shown.map((id) => (
        <Form key={id} action={submitProvider}>
          <input type="hidden" name="provider" value={id} />
          <input type="hidden" name="next" value={next} />
          <Button
            icon={<ProviderLogo provider={id} />}
            badge={id === last && <Badge>{message("signIn.lastUsed")}</Badge>}
          >
            {message("signIn.continueWith", { provider: oauthProviders[id].name })}
          </Button>
        </Form>
      ))}
      {turnsAway && (
        <Alert tone="info">
          <p>
            {message(
              methods.includes("magic_link")
                ? "signIn.inAppBrowser.useCode"
                : "signIn.inAppBrowser.openElsewhere",
              { provider: oauthProviders.google.name },
            )}
          </p>
        </Alert>
      )}
    </>
  );
}
