import type { Metadata } from "next";
import { fieldError, pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { NewPassword } from "@/app/password-fields";
import { UsernameField } from "@/app/username-field";
import { readPasswordStatus } from "@/lib/flows/password/read-password-status";
import { readFlash } from "@/lib/web/flash";
import { message } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { AccountLayout } from "../account-layout";
import { submitNewPassword } from "./actions";

const path = "/account/password";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(message("setPassword.title"), await readFlash(path)) };
}

export default async function NewPasswordPage() {
  const { email, otherDevices } = await readOrRedirect(readPasswordStatus, path);
  const flash = await readFlash(path);
  return (
    <AccountLayout
      path={path}
      navItem="/account/methods"
      title={message("setPassword.title")}
      fields={["password", "confirmPassword"]}
    >
      <p>{message("setPassword.lead", { others: otherDevices })}</p>
      <Form action={submitNewPassword}>
        <UsernameField address={email} />
        <NewPassword
          error={fieldError(flash, "password")}
          differ={fieldError(flash, "confirmPassword")}
          autoFocus={!flash.refusal}
        />
        <Button variant="primary">{message("setPassword.submit")}</Button>
      </Form>
      <StandaloneLink href="/account/methods">{message("common.cancel")}</StandaloneLink>
    </AccountLayout>
  );
}
