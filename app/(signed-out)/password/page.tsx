import type { Metadata } from "next";
import { FlashMessage, fieldError, pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { EmailField } from "@/app/email-field";
import { passwordMethod } from "@/lib/methods/password";
import { readFlash } from "@/lib/web/flash";
import { message } from "@/lib/web/messages";
import { requireMethod, siteConfig } from "@/lib/web/site";
import { initialValues } from "../check-email-page";
import { submitResetRequest } from "./actions";

const path = "/password";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(message("passwordReset.title"), await readFlash(path)) };
}

interface Props {
  searchParams: Promise<{ change?: string | string[] }>;
}

/** For users who forgot their password or never had one (L9). */
export default async function ResetPage({ searchParams }: Props) {
  requireMethod(passwordMethod.id);
  const flash = await readFlash(path);
  const { email } = await initialValues("password_reset", flash, await searchParams);
  return (
    <SignedOutLayout appName={siteConfig().appName} title={message("passwordReset.title")}>
      <p>{message("passwordReset.lead")}</p>
      <FlashMessage flash={flash} fields={["email"]} />
      <Form action={submitResetRequest}>
        <EmailField enterKeyHint="go" defaultValue={email} error={fieldError(flash, "email")} />
        <Button variant="primary">{message("passwordReset.submit")}</Button>
      </Form>
      <StandaloneLink href="/sign-in">{message("passwordReset.back")}</StandaloneLink>
    </SignedOutLayout>
  );
}
