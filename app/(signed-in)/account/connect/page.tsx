import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { cache } from "react";
import { DefinitionList } from "@/app/_ui/definition-list";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Address } from "@/app/markup";
import { readPendingIdentity } from "@/app/pending-identity";
import { readActiveSession } from "@/lib/web/active-session";
import { message } from "@/lib/web/messages";
import { AccountLayout } from "../account-layout";
import { linkPendingProvider, dismissPending } from "../methods/actions";

const path = "/account/connect";

const readAddresses = cache(async () => {
  const session = await readActiveSession(path);
  const { name, address, isForSession, isLink } = await readPendingIdentity("/account/methods");
  // Another user is signed in: which account to use is asked on a page of its own.
  if (!isForSession) redirect(isLink ? "/account/methods" : "/sign-in/switch");
  return { name, address, own: session?.email };
});

export async function generateMetadata(): Promise<Metadata> {
  return { title: message("connect.title", { provider: (await readAddresses()).name }) };
}

/** Shows both addresses before a provider is connected (O4, A3). */
export default async function ConnectPage() {
  const { name, address, own } = await readAddresses();
  return (
    <AccountLayout
      path={path}
      navItem="/account/methods"
      title={message("connect.title", { provider: name })}
    >
      <p>{message("connect.lead", { provider: name })}</p>
      <DefinitionList
        items={[
          {
            term: message("connect.providerAccount", { provider: name }),
            value: address ? <Address>{address}</Address> : message("connect.noAddress"),
          },
          {
            term: message("connect.ownAccount"),
            value: <Address>{own}</Address>,
          },
        ]}
      />
      <Form action={linkPendingProvider}>
        <Button variant="primary">{message("connect.submit", { provider: name })}</Button>
      </Form>
      <Form action={dismissPending}>
        <Button variant="quiet">{message("connect.notNow")}</Button>
      </Form>
    </AccountLayout>
  );
}
