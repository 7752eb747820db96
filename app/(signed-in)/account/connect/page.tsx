import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { DefinitionList } from "@/app/_ui/definition-list";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { readPendingIdentity } from "@/app/pending-identity";
import { words } from "@/app/words";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { AccountLayout } from "../account-layout";
import { linkPendingProvider, dismissPending } from "../methods/actions";

const path = "/account/connect";

export const metadata: Metadata = { title: words.connect.short };

/** Both addresses, side by side, before a provider is connected (O4, A3). */
export default async function ConnectPage() {
  const session = await readOrRedirect(readSession, path);
  const { name, address, isForSession, isLink } = await readPendingIdentity("/account/methods");
  // Signed in as somebody else than was asked for: which of the two is a question of its own.
  if (!isForSession) redirect(isLink ? "/account/methods" : "/sign-in/switch");
  return (
    <AccountLayout path={path} navItem="/account/methods" title={words.connect.title(name)}>
      <p>{words.connect.lead(name)}</p>
      <DefinitionList
        items={[
          { term: words.connect.at(name), value: address ?? words.connect.noAddress },
          { term: words.connect.here, value: session?.email ?? "" },
        ]}
      />
      <Form action={linkPendingProvider}>
        <Button variant="primary">{words.connect.submit(name)}</Button>
      </Form>
      <Form action={dismissPending}>
        <Button variant="quiet">{words.connect.notNow}</Button>
      </Form>
    </AccountLayout>
  );
}
