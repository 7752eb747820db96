import type { Metadata } from "next";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { message } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { passwordMethod } from "@/lib/methods/password";
import { requireMethod } from "@/lib/web/site";
import { AccountLayout } from "../../account-layout";
import { submitPasswordRemoval } from "../actions";

const path = "/account/password/remove";

export const generateMetadata = (): Metadata => ({ title: message("removePassword.title") });

export default async function RemovePasswordPage() {
  requireMethod(passwordMethod.id);
  // The layout alone does not redirect a signed-out user.
  await readOrRedirect(listAuthProviders, path);
  return (
    <AccountLayout path={path} navItem="/account/methods" title={message("removePassword.title")}>
      <p>{message("removePassword.lead")}</p>
      <Form action={submitPasswordRemoval}>
        <Button variant="danger">{message("removePassword.submit")}</Button>
      </Form>
      <StandaloneLink href="/account/methods">{message("common.cancel")}</StandaloneLink>
    </AccountLayout>
  );
}
