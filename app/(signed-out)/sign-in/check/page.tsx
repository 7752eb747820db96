import type { Metadata } from "next";
import { fieldError, pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { CodeField } from "@/app/_ui/code-field";
import { Form } from "@/app/_ui/form";
import { words } from "@/app/words";
import { sentenceOf } from "@/lib/core/result";
import { readFlash } from "@/lib/web/flash";
import { withNext } from "@/lib/web/redirects";
import { siteConfig } from "@/lib/web/site";
import { type SearchParams, loadPendingRequest, CheckEmailPage } from "../../check-email-page";
import { submitLinkRequest, submitCode } from "../actions";

const path = "/sign-in/check";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(words.check.title, await readFlash(path)) };
}

export default async function CheckPage({ searchParams }: { searchParams: SearchParams }) {
  const flash = await readFlash(path);
  const pending = await loadPendingRequest("magic_link", "/sign-in", searchParams);
  const { email, remember, next, codeSpent } = pending;
  const { lifetimes } = siteConfig();
  return (
    <CheckEmailPage
      title={words.check.title}
      flash={flash}
      pending={pending}
      sent={words.check.sent}
      lifetimes={words.check.lifetimes(lifetimes.magicLink, lifetimes.emailCode)}
      change={withNext("/sign-in", next)}
      resend={submitLinkRequest}
      resendFields={
        <>
          <input type="hidden" name="next" value={next} />
          {remember && <input type="hidden" name="remember" value="on" />}
        </>
      }
    >
      {codeSpent ? (
        <p>{sentenceOf({ code: "too_many_attempts", field: "code" })}</p>
      ) : (
        <Form action={submitCode}>
          <input type="hidden" name="email" value={email} />
          <CodeField
            name="code"
            label={words.check.code}
            hint={words.check.codeHint}
            error={fieldError(flash, "code")}
            autoFocus={!flash.refusal}
          />
          <Button variant="primary">{words.check.submit}</Button>
        </Form>
      )}
    </CheckEmailPage>
  );
}
