import type { Metadata } from "next";
import { fieldError, pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { CodeField } from "@/app/_ui/code-field";
import { Form } from "@/app/_ui/form";
import { NewPassword } from "@/app/password-fields";
import { UsernameField } from "@/app/username-field";
import { words } from "@/app/words";
import { sentenceOf } from "@/lib/core/result";
import { readFlash } from "@/lib/web/flash";
import { siteConfig } from "@/lib/web/site";
import { type SearchParams, loadPendingRequest, CheckEmailPage } from "../../check-email-page";
import { submitResetRequest, resetByCode } from "../actions";

const path = "/password/check";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(words.check.title, await readFlash(path)) };
}

export default async function ResetCheckPage({ searchParams }: { searchParams: SearchParams }) {
  const flash = await readFlash(path);
  const pending = await loadPendingRequest("password_reset", "/password", searchParams);
  const { lifetimes } = siteConfig();
  return (
    <CheckEmailPage
      title={words.check.title}
      flash={flash}
      pending={pending}
      sent={words.reset.sent}
      lifetimes={words.check.lifetimes(lifetimes.magicLink, lifetimes.emailCode)}
      change="/password"
      resend={submitResetRequest}
    >
      {pending.codeSpent ? (
        <p>{sentenceOf({ code: "too_many_attempts", field: "code" })}</p>
      ) : (
        <Form action={resetByCode}>
          <p>{words.reset.useCode}</p>
          <CodeField
            name="code"
            label={words.check.code}
            hint={words.check.codeHint}
            error={fieldError(flash, "code")}
            autoFocus={!flash.refusal}
          />
          <UsernameField name="email" address={pending.email} />
          <NewPassword
            error={fieldError(flash, "password")}
            differ={fieldError(flash, "confirmPassword")}
          />
          <p className="hint">{words.reset.ends}</p>
          <Button variant="primary">{words.reset.save}</Button>
        </Form>
      )}
    </CheckEmailPage>
  );
}
