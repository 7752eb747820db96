import type { Metadata } from "next";
import { fieldError, pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { CodeField } from "@/app/_ui/code-field";
import { Form } from "@/app/_ui/form";
import { Alert } from "@/app/_ui/note";
import { readFlash } from "@/lib/web/flash";
import { message, messageOf, messages } from "@/lib/web/messages";
import { withChange, withNext } from "@/lib/web/redirects";
import { siteConfig } from "@/lib/web/site";
import { type SearchParams, loadPendingRequest, CheckEmailPage } from "../../check-email-page";
import { submitLinkRequest, submitCode } from "../actions";

const path = "/sign-in/check";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(message("checkEmail.title"), await readFlash(path)) };
}

export default async function CheckPage({ searchParams }: { searchParams: SearchParams }) {
  const flash = await readFlash(path);
  const pending = await loadPendingRequest("magic_link", "/sign-in", searchParams);
  const { email, remember, next, codeSpent } = pending;
  const { lifetimes } = siteConfig();
  return (
    <CheckEmailPage
      title={message("checkEmail.title")}
      flash={flash}
      fields={codeSpent ? [] : ["code"]}
      pending={pending}
      what="signIn"
      lifetimes={message("checkEmail.lifetimes", {
        link: messages().exactDuration(lifetimes.magicLink),
        code: messages().exactDuration(lifetimes.emailCode),
      })}
      change={withChange(withNext("/sign-in", next))}
      resend={submitLinkRequest}
      resendFields={
        <>
          <input type="hidden" name="next" value={next} />
          {remember && <input type="hidden" name="remember" value="on" />}
        </>
      }
    >
      {codeSpent ? (
        flash.refusal?.code !== "too_many_attempts" && (
          <Alert tone="warn">
            <p>{messageOf({ code: "too_many_attempts", field: "code", emailHasLink: true })}</p>
          </Alert>
        )
      ) : (
        <Form action={submitCode}>
          <input type="hidden" name="email" value={email} />
          <CodeField
            name="code"
            label={message("checkEmail.code")}
            hint={message("checkEmail.codeHint")}
            error={fieldError(flash, "code")}
            autoFocus={!flash.refusal}
          />
          <Button variant="primary">{message("checkEmail.submit")}</Button>
        </Form>
      )}
    </CheckEmailPage>
  );
}
