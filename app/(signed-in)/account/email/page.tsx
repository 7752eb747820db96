import type { Metadata } from "next";
import { fieldError, pageTitle } from "@/app/flash-message";
import { EmailField } from "@/app/email-field";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { email } from "@/app/markup";
import { readProfile } from "@/lib/flows/profile/read-profile";
import { readFlash } from "@/lib/web/flash";
import { message, messages, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { AccountLayout } from "../account-layout";
import { submitNewEmail } from "./actions";

const path = "/account/email";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(message("changeEmail.title"), await readFlash(path)) };
}

export default async function NewEmailPage() {
  const profile = await readOrRedirect(readProfile, path);
  const flash = await readFlash(path);
  return (
    <AccountLayout
      path={path}
      navItem="/account/profile"
      title={message("changeEmail.title")}
      fields={["email"]}
    >
      <p>{rich("changeEmail.lead", { address: profile.email, email })}</p>
      <Form action={submitNewEmail}>
        <EmailField
          label={message("changeEmail.new")}
          hint={message("changeEmail.undo", {
            lifetime: messages().exactDuration(siteConfig().lifetimes.emailUndo),
          })}
          error={fieldError(flash, "email")}
          defaultValue={flash.email}
          autoComplete="email"
        />
        <Button variant="primary">{message("changeEmail.submit")}</Button>
      </Form>
      <StandaloneLink href="/account/profile">{message("common.cancel")}</StandaloneLink>
    </AccountLayout>
  );
}
