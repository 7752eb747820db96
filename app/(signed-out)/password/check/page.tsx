import type { Metadata } from "next";
import { fieldError, pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { CodeField } from "@/app/_ui/code-field";
import { Form } from "@/app/_ui/form";
import { Alert } from "@/app/_ui/note";
import { NewPassword } from "@/app/password-fields";
import { UsernameField } from "@/app/username-field";
import { readFlash } from "@/lib/web/flash";
import { message, messageOf, messages } from "@/lib/web/messages";
import { withChange } from "@/lib/web/redirects";
import { siteConfig } from "@/lib/web/site";
import { type SearchParams, loadPendingRequest, CheckEmailPage } from "../../check-email-page";
import { submitResetRequest, resetByCode } from "../actions";

const path = "/password/check";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(message("checkEmail.title"), await readFlash(path)) };
}

export default async function ResetCheckPage({ searchParams }: { searchParams: SearchParams }) {
  const flash = await readFlash(path);
  const pending = await loadPendingRequest("password_reset", "/password", searchParams);
  const { lifetimes } = siteConfig();
  return (
    <CheckEmailPage
      title={message("checkEmail.title")}
      flash={flash}
      fields={pending.codeSpent ? [] : ["code", "password", "confirmPassword"]}
      pending={pending}
      what="passwordReset"
      lifetimes={message("checkEmail.lifetimes", {
        link: messages().exactDuration(lifetimes.magicLink),
        code: messages().exactDuration(lifetimes.emailCode),
      })}
      change={withChange("/password")}
      resend={submitResetRequest}
    >
      {pending.codeSpent ? (
        flash.refusal?.code !== "too_many_attempts" && (
          <Alert tone="warn">
            <p>{messageOf({ code: "too_many_attempts", field: "code", emailHasLink: true })}</p>
          </Alert>
        )
      ) : (
        <Form action={resetByCode}>
          <p>{message("passwordReset.useCode")}</p>
          <CodeField
            name="code"
            label={message("checkEmail.code")}
            hint={message("checkEmail.codeHint")}
            error={fieldError(flash, "code")}
            autoFocus={!flash.refusal}
          />
          <UsernameField name="email" address={pending.email} />
          <NewPassword
            error={fieldError(flash, "password")}
            differ={fieldError(flash, "confirmPassword")}
          />
          <p className="hint">{message("passwordReset.otherDevices")}</p>
          <Button variant="primary">{message("passwordReset.save")}</Button>
        </Form>
      )}
    </CheckEmailPage>
  );
}
