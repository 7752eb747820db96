import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { readPendingIdentity } from "@/app/pending-identity";
import { words } from "@/app/words";
import { siteConfig } from "@/lib/web/site";
import { keepAccount, submitAccountSwitch } from "../actions";

export const metadata: Metadata = { title: words.switching.title };

/** Signed in as somebody else: nothing happens until the person says which of the two they mean. */
export default async function SwitchPage() {
  const { name, address, signedInAs, hasOwner, ...pendingIdentity } =
    await readPendingIdentity("/account");
  if (!signedInAs) redirect("/sign-in");
  if (pendingIdentity.isForSession || pendingIdentity.isLink) redirect("/account/connect");
  const { appName, signUp } = siteConfig();
  return (
    <SignedOutLayout appName={appName} title={words.switching.title}>
      <p>
        {words.switching.signedInAs} <strong>{signedInAs}</strong>. {words.switching.came(name)}
        {address && (
          <>
            {" "}
            {words.switching.as} <strong>{address}</strong>
          </>
        )}
        {words.switching.notConnected}
      </p>
      <p>{words.switching.lead[!hasOwner && signUp === "open" ? "mayMake" : "only"]}</p>
      <Form action={submitAccountSwitch}>
        <Button variant="primary">{words.switching.submit}</Button>
      </Form>
      <Form action={keepAccount}>
        <Button variant="quiet">{words.switching.stay}</Button>
      </Form>
      {!hasOwner && <p className="hint">{words.switching.connectInstead(name)}</p>}
    </SignedOutLayout>
  );
}
