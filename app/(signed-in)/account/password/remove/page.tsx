import type { Metadata } from "next";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { words } from "@/app/words";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { AccountLayout } from "../../account-layout";
import { submitPasswordRemoval } from "../actions";

const path = "/account/password/remove";

export const metadata: Metadata = { title: words.account.removePasswordTitle };

export default async function RemovePasswordPage() {
  // For whoever is signed in; the frame alone turns nobody away.
  await readOrRedirect(listAuthProviders, path);
  return (
    <AccountLayout path={path} navItem="/account/methods" title={words.account.removePasswordTitle}>
      <p>{words.account.removePasswordLead}</p>
      <Form action={submitPasswordRemoval}>
        <Button variant="danger">{words.account.removePasswordSubmit}</Button>
      </Form>
      <p>
        <a href="/account/methods">{words.account.cancel}</a>
      </p>
    </AccountLayout>
  );
}
