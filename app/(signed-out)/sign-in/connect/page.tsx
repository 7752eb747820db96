import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { Gate } from "@/app/_ui/gate";
import { readParked } from "@/app/parked";
import { words } from "@/app/words";
import { lastMethod } from "@/lib/web/last-method";
import { site } from "@/lib/web/site";
import { AddressForm } from "../address-form";

export const metadata: Metadata = { title: words.connect.first };

/** The address has an account: its owner signs in the way they did before, and then connects (O4). */
export default async function SignInToConnectPage() {
  const { name, address, signedInAs } = await readParked("/sign-in");
  if (signedInAs) redirect("/account/connect");
  return (
    <Gate appName={site().appName} title={words.connect.first} session="">
      <p>
        {address && <strong>{address}</strong>} {words.connect.why(name)}
      </p>
      <AddressForm address={address ?? ""} next="/account/connect" last={await lastMethod()} />
      <p>
        <a href="/sign-in?next=%2Faccount%2Fconnect">{words.connect.otherWays}</a>
      </p>
    </Gate>
  );
}
