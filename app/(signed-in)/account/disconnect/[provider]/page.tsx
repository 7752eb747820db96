import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { cache } from "react";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { email } from "@/app/markup";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { isOAuthMethodId, oauthMethod } from "@/lib/methods";
import { message, messageOf, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { AccountLayout } from "../../account-layout";
import { NotRemovable, notRemovableTitle } from "../../not-removable";
import { disconnect } from "../../methods/actions";

interface Props {
  params: Promise<{ provider: string }>;
}

const pathOf = (provider: string) => `/account/disconnect/${provider}`;

const readLinkedMethod = cache(async (provider: string) => {
  if (!isOAuthMethodId(provider)) notFound();
  const methods = await readOrRedirect(listAuthProviders, pathOf(provider));
  const linkedMethod = methods.find((method) => method.provider === provider);
  if (!linkedMethod) notFound();
  const { address, isLast } = linkedMethod;
  return { name: oauthMethod(provider).oauth.name, address, isLast };
});

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { name, isLast } = await readLinkedMethod((await params).provider);
  return { title: isLast ? notRemovableTitle() : message("disconnect.title", { provider: name }) };
}

export default async function DisconnectPage({ params }: Props) {
  const { provider } = await params;
  const { name, address, isLast } = await readLinkedMethod(provider);
  const path = pathOf(provider);
  if (isLast)
    return <NotRemovable path={path} obstacle={messageOf({ code: "last_sign_in_method" })} />;
  return (
    <AccountLayout
      path={path}
      navItem="/account/methods"
      title={message("disconnect.title", { provider: name })}
    >
      <p>
        {address
          ? rich("disconnect.leadAs", { provider: name, address, email })
          : message("disconnect.lead", { provider: name })}
      </p>
      <Form action={disconnect}>
        <input type="hidden" name="provider" value={provider} />
        <Button variant="danger">{message("disconnect.submit", { provider: name })}</Button>
      </Form>
      <StandaloneLink href="/account/methods">{message("common.cancel")}</StandaloneLink>
    </AccountLayout>
  );
}
