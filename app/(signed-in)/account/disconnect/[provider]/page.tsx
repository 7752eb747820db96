import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { words } from "@/app/words";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { oauthProviders, isOAuthProvider } from "@/lib/core/oauth-providers";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { AccountLayout } from "../../account-layout";
import { disconnect } from "../../methods/actions";

export const metadata: Metadata = { title: words.disconnect.short };

interface Props {
  params: Promise<{ provider: string }>;
}

export default async function DisconnectPage({ params }: Props) {
  const { provider } = await params;
  if (!isOAuthProvider(provider)) notFound();
  const path = `/account/disconnect/${provider}`;
  const methods = await readOrRedirect(listAuthProviders, path);
  const linkedMethod = methods.find((method) => method.provider === provider);
  if (!linkedMethod) notFound();
  const { name } = oauthProviders[provider];
  return (
    <AccountLayout path={path} navItem="/account/methods" title={words.disconnect.title(name)}>
      <p>{words.disconnect.lead(name, linkedMethod.address)}</p>
      <Form action={disconnect}>
        <input type="hidden" name="provider" value={provider} />
        <Button variant="danger">{words.disconnect.submit(name)}</Button>
      </Form>
      <p>
        <a href="/account/methods">{words.account.cancel}</a>
      </p>
    </AccountLayout>
  );
}
