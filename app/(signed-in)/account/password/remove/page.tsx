import type { Metadata } from "next";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { words } from "@/app/words";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { read } from "@/lib/web/run-for-request";
import { AccountFrame } from "../../account-layout";
import { dropPassword } from "../actions";

const here = "/account/password/remove";

export const metadata: Metadata = { title: words.account.removePasswordTitle };

export default async function RemovePasswordPage() {
  // For whoever is signed in; the frame alone turns nobody away.
  await read(listAuthProviders, here);
  return (
    <AccountFrame here={here} under="/account/methods" title={words.account.removePasswordTitle}>
      <p>{words.account.removePasswordLead}</p>
      <Form action={dropPassword}>
        <Button variant="danger">{words.account.removePasswordSubmit}</Button>
      </Form>
      <p>
        <a href="/account/methods">{words.account.cancel}</a>
      </p>
    </AccountFrame>
  );
}
