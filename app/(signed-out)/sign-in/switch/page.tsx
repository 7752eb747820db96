import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { email } from "@/app/markup";
import { readPendingIdentity } from "@/app/pending-identity";
import { message, rich } from "@/lib/web/messages";
import { siteConfig } from "@/lib/web/site";
import { keepAccount, submitAccountSwitch } from "../actions";

export const generateMetadata = (): Metadata => ({ title: message("switchAccount.title") });

/**
 * Asks a signed-in user who came back from a provider as another user which account to use. While the switch
 * may be repeated, the page offers it again to the browser, which is signed out.
 */
export default async function SwitchPage() {
  const { name, address, signedInAs, hasOwner, ...pendingIdentity } =
    await readPendingIdentity("/account/methods");
  if (pendingIdentity.isRepeatable) return <RepeatSwitch name={name} address={address} />;
  if (!signedInAs) redirect("/sign-in");
  if (pendingIdentity.isForSession || pendingIdentity.isLink) redirect("/account/connect");
  const { appName, signUp } = siteConfig();
  return (
    <SignedOutLayout appName={appName} title={message("switchAccount.title")}>
      <p>
        {address
          ? rich("switchAccount.cameBackAs", {
              address: signedInAs,
              provider: name,
              other: address,
              email,
            })
          : rich("switchAccount.cameBack", { address: signedInAs, provider: name, email })}
      </p>
      <p>
        {message(!hasOwner && signUp === "open" ? "switchAccount.leadNew" : "switchAccount.lead")}
      </p>
      <Form action={submitAccountSwitch}>
        <Button variant="primary">{message("switchAccount.submit")}</Button>
      </Form>
      <Form action={keepAccount}>
        <Button variant="quiet">{message("switchAccount.stay")}</Button>
      </Form>
      {!hasOwner && (
        <p className="hint">{message("switchAccount.connectInstead", { provider: name })}</p>
      )}
    </SignedOutLayout>
  );
}

function RepeatSwitch({ name, address }: { name: string; address: string | null }) {
  return (
    <SignedOutLayout appName={siteConfig().appName} title={message("switchAccount.title")}>
      <p>
        {address
          ? rich("switchAccount.againAs", { provider: name, other: address, email })
          : message("switchAccount.again", { provider: name })}
      </p>
      <Form action={submitAccountSwitch}>
        <Button variant="primary">{message("switchAccount.submit")}</Button>
      </Form>
    </SignedOutLayout>
  );
}
