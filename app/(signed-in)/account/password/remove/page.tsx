import type { Metadata } from "next";
import { cache } from "react";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { passwordMethod } from "@/lib/methods/password";
import { message, messageOf } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { requireMethod } from "@/lib/web/site";
import { AccountLayout } from "../../account-layout";
import { NotRemovable, notRemovableTitle } from "../../not-removable";
import { submitPasswordRemoval } from "../actions";

const path = "/account/password/remove";

/** Why the password cannot be removed, as a sentence; "" where it can. */
const readObstacle = cache(async () => {
  requireMethod(passwordMethod.id);
  const methods = await readOrRedirect(listAuthProviders, path);
  const linkedMethod = methods.find(({ provider }) => provider === passwordMethod.storedName);
  if (!linkedMethod) return message("removePassword.none");
  return linkedMethod.isLast ? messageOf({ code: "last_sign_in_method" }) : "";
});

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await readObstacle()) ? notRemovableTitle() : message("removePassword.title") };
}

export default async function RemovePasswordPage() {
  const obstacle = await readObstacle();
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
