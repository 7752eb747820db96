import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { fieldError, pageTitle } from "@/app/flash-message";
import { MailboxHint } from "@/app/mailbox-hint";
import { Alert } from "@/app/_ui/note";
import { Button } from "@/app/_ui/button";
import { CodeField } from "@/app/_ui/code-field";
import { Form } from "@/app/_ui/form";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import * as markup from "@/app/markup";
import { ResendEmail } from "@/app/resend-email";
import { bounds } from "@/lib/core/policy";
import { readPendingEmailChange } from "@/lib/flows/email-change/read-pending-email-change";
import { readProfile } from "@/lib/flows/profile/read-profile";
import { readFlash } from "@/lib/web/flash";
import { message, messages, rich } from "@/lib/web/messages";
import { readOrRedirect, runForRequest } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { AccountLayout } from "../../account-layout";
import { submitNewEmail, submitNewEmailCode } from "../actions";

const path = "/account/email/check";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(message("changeEmail.checkTitle"), await readFlash(path)) };
}

/** Waits for the code that was sent to the new address: the same page for every address. */
export default async function NewEmailCheckPage() {
  await readOrRedirect(readProfile, path);
  const pending = await runForRequest(readPendingEmailChange, {});
  if (!pending.ok)
    redirect(pending.refusal.code === "unavailable" ? "/unavailable" : "/account/email");
  const { email, resendIn, mailIsDelayed } = pending.value;
  const flash = await readFlash(path);
  const { lifetimes } = siteConfig();
  return (
    <AccountLayout
      path={path}
      navItem="/account/profile"
      title={message("changeEmail.checkTitle")}
      fields={["code"]}
    >
      <p>
        {rich("changeEmail.sent", {
          address: email,
          digits: String(bounds.codeDigits),
          lifetime: messages().exactDuration(lifetimes.emailCode),
          email: markup.email,
        })}
      </p>
      {mailIsDelayed && <Alert tone="warn">{message("checkEmail.slow")}</Alert>}
      <MailboxHint />
      <Form action={submitNewEmailCode}>
        <input type="hidden" name="email" value={email} />
        <CodeField
          name="code"
          label={message("checkEmail.code")}
          hint={message("checkEmail.codeHint")}
          error={fieldError(flash, "code")}
          autoFocus={!flash.refusal}
        />
        <Button variant="primary">{message("changeEmail.confirm")}</Button>
      </Form>
      <ResendEmail action={submitNewEmail} {...{ email, resendIn }} />
      <StandaloneLink href="/account/email">{message("changeEmail.other")}</StandaloneLink>
    </AccountLayout>
  );
}
