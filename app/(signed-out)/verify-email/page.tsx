import type { Metadata } from "next";
import { fieldError, pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { CodeField } from "@/app/_ui/code-field";
import { Form } from "@/app/_ui/form";
import { readFlash } from "@/lib/web/flash";
import { message, messages } from "@/lib/web/messages";
import { withChange, withNext } from "@/lib/web/redirects";
import { siteConfig } from "@/lib/web/site";
import { resendCode, submitSignUpCode } from "../sign-up/actions";
import { type SearchParams, loadPendingRequest, CheckEmailPage } from "../check-email-page";

const path = "/verify-email";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(message("checkEmail.title"), await readFlash(path)) };
}

export default async function VerifyPage({ searchParams }: { searchParams: SearchParams }) {
  const flash = await readFlash(path);
  const pending = await loadPendingRequest("sign_up", "/sign-up", searchParams);
  return (
    <CheckEmailPage
      title={message("checkEmail.title")}
      flash={flash}
      fields={["code"]}
      pending={pending}
      what="signUp"
      lifetimes={message("checkEmail.codeLifetime", {
        code: messages().exactDuration(siteConfig().lifetimes.emailCode),
      })}
      change={withChange(withNext("/sign-up", pending.next))}
      resend={resendCode}
    >
      <Form action={submitSignUpCode}>
        <input type="hidden" name="email" value={pending.email} />
        <CodeField
          name="code"
          label={message("checkEmail.code")}
          hint={message("checkEmail.codeHint")}
          error={fieldError(flash, "code")}
          autoFocus={!flash.refusal}
        />
        <Button variant="primary">{message("checkEmail.finishSignUp")}</Button>
      </Form>
    </CheckEmailPage>
  );
}
