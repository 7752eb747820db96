import type { Metadata } from "next";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { passwordMethod } from "@/lib/methods/password";
import { message, messageOf } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { requireMethod } from "@/lib/web/site";
import { AccountLayout } from "../../account-layout";
import { NotRemovable } from "../../not-removable";
import { submitPasswordRemoval } from "../actions";

const path = "/account/password/remove";

export const generateMetadata = (): Metadata => ({ title: message("removePassword.title") });

export default async function RemovePasswordPage() {
  requireMethod(passwordMethod.id);
  const methods = await readOrRedirect(listAuthProviders, path);
  const linkedMethod = methods.find(({ provider }) => provider === passwordMethod.storedName);
  const obstacle = linkedMethod
    ? linkedMethod.isLast && messageOf({ code: "last_sign_in_method" })
    : message("removePassword.none");
  if (obstacle) return <NotRemovable path={path} obstacle={obstacle} />;
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
