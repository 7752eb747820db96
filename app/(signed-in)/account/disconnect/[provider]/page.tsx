import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { email } from "@/app/markup";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { isOAuthMethodId, oauthMethod } from "@/lib/methods";
import { message, messageOf, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { AccountLayout } from "../../account-layout";
import { NotRemovable } from "../../not-removable";
import { disconnect } from "../../methods/actions";

export const generateMetadata = (): Metadata => ({ title: message("disconnect.pageTitle") });

interface Props {
  params: Promise<{ provider: string }>;
}

export default async function DisconnectPage({ params }: Props) {
  const { provider } = await params;
  if (!isOAuthMethodId(provider)) notFound();
  const path = `/account/disconnect/${provider}`;
  const methods = await readOrRedirect(listAuthProviders, path);
  const linkedMethod = methods.find((method) => method.provider === provider);
  if (!linkedMethod) notFound();
  if (linkedMethod.isLast)
    return <NotRemovable path={path} obstacle={messageOf({ code: "last_sign_in_method" })} />;
  const { name } = oauthMethod(provider).oauth;
  return (
    <AccountLayout
      path={path}
      navItem="/account/methods"
      title={message("disconnect.title", { provider: name })}
    >
      <p>
        {linkedMethod.address
          ? rich("disconnect.leadAs", { provider: name, address: linkedMethod.address, email })
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
