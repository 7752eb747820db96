import type { Metadata } from "next";
import { errorFor, titleFor } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { NewPassword } from "@/app/password-fields";
import { UsernameOf } from "@/app/username-field";
import { words } from "@/app/words";
import { preparePassword } from "@/lib/flows/password/read-password-status";
import { readFlash } from "@/lib/web/flash";
import { read } from "@/lib/web/run-for-request";
import { AccountFrame } from "../account-layout";
import { choosePassword } from "./actions";

const here = "/account/password";

export async function generateMetadata(): Promise<Metadata> {
  return { title: titleFor(words.reset.title, await readFlash(here)) };
}

export default async function NewPasswordPage() {
  const { email, otherDevices } = await read(preparePassword, here);
  const flash = await readFlash(here);
  return (
    <AccountFrame here={here} under="/account/methods" title={words.reset.title}>
      <p>{words.account.passwordLead(otherDevices)}</p>
      <Form action={choosePassword}>
        <UsernameOf address={email} />
        <NewPassword
          error={errorFor(flash, "password")}
          differ={errorFor(flash, "again")}
          autoFocus={!flash.refusal}
        />
        <Button variant="primary">{words.account.savePassword}</Button>
      </Form>
      <p>
        <a href="/account/methods">{words.account.cancel}</a>
      </p>
    </AccountFrame>
  );
}
