import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Gate } from "@/app/_ui/signed-out-layout";
import { readParked } from "@/app/pending-identity";
import { words } from "@/app/words";
import { site } from "@/lib/web/site";
import { stay, switchTo } from "../actions";

export const metadata: Metadata = { title: words.switching.title };

/** Signed in as somebody else: nothing happens until the person says which of the two they mean. */
export default async function SwitchPage() {
  const { name, address, signedInAs, hasOwner, ...parked } = await readParked("/account");
  if (!signedInAs) redirect("/sign-in");
  if (parked.isForSession || parked.isLink) redirect("/account/connect");
  const { appName, signUp } = site();
  return (
    <Gate appName={appName} title={words.switching.title}>
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
      <Form action={switchTo}>
        <Button variant="primary">{words.switching.submit}</Button>
      </Form>
      <Form action={stay}>
        <Button variant="quiet">{words.switching.stay}</Button>
      </Form>
      {!hasOwner && <p className="hint">{words.switching.connectInstead(name)}</p>}
    </Gate>
  );
}
