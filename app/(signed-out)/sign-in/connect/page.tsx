import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { email } from "@/app/markup";
import { readPendingIdentity } from "@/app/pending-identity";
import { lastMethod } from "@/lib/web/last-method";
import { message, rich } from "@/lib/web/messages";
import { siteConfig } from "@/lib/web/site";
import { AddressForm } from "../address-form";

export const generateMetadata = (): Metadata => ({ title: message("connect.signInFirst") });

/**
 * The address has an account, or the identity needs confirmation: the owner signs in with another
 * method and then connects it (O4).
 */
export default async function SignInToConnectPage() {
  const { name, address, signedInAs, hasOwner, isRepeatable } =
    await readPendingIdentity("/sign-in");
  if (signedInAs) redirect("/account/connect");
  if (isRepeatable) redirect("/sign-in/switch");
  // The account of the identity may have another address, and this address no account.
  const mine = hasOwner ? null : address;
  return (
    <SignedOutLayout
      appName={siteConfig().appName}
      title={message("connect.signInFirst")}
      session=""
    >
      <p>
        {mine
          ? rich("connect.signInToConnect", { address: mine, provider: name, email })
          : message("connect.signInToConfirm", { provider: name })}
      </p>
      <AddressForm
        address={mine ?? ""}
        remember={false}
        next="/account/connect"
        last={await lastMethod()}
      />
      <StandaloneLink href="/sign-in?next=%2Faccount%2Fconnect">
        {message("connect.otherMethods")}
      </StandaloneLink>
    </SignedOutLayout>
  );
}
