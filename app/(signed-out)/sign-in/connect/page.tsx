import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { readPendingIdentity } from "@/app/pending-identity";
import { words } from "@/app/words";
import { lastMethod } from "@/lib/web/last-method";
import { siteConfig } from "@/lib/web/site";
import { AddressForm } from "../address-form";

export const metadata: Metadata = { title: words.connect.first };

/**
 * The address has an account, or the identity waits to be kept: the owner signs in the way they did
 * before, and then connects it (O4).
 */
export default async function SignInToConnectPage() {
  const { name, address, signedInAs, hasOwner } = await readPendingIdentity("/sign-in");
  if (signedInAs) redirect("/account/connect");
  // The account it belongs to may have another address; this one may have none.
  const mine = hasOwner ? null : address;
  return (
    <SignedOutLayout appName={siteConfig().appName} title={words.connect.first} session="">
      {mine ? (
        <p>
          <strong>{mine}</strong> {words.connect.why(name)}
        </p>
      ) : (
        <p>{words.connect.whyOwned(name)}</p>
      )}
      <AddressForm address={mine ?? ""} next="/account/connect" last={await lastMethod()} />
      <p>
        <a href="/sign-in?next=%2Faccount%2Fconnect">{words.connect.otherWays}</a>
      </p>
    </SignedOutLayout>
  );
}
