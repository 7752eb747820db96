import type { Metadata } from "next";
import { errorFor, titleFor } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { CodeField } from "@/app/_ui/code-field";
import { Form } from "@/app/_ui/form";
import { words } from "@/app/words";
import { readFlash } from "@/lib/web/flash";
import { withNext } from "@/lib/web/redirects";
import { site } from "@/lib/web/site";
import { resendCode, typeSignUpCode } from "../sign-up/actions";
import { type SearchParams, waitFor, WaitingPage } from "../check-email-page";

const here = "/verify-email";

export async function generateMetadata(): Promise<Metadata> {
  return { title: titleFor(words.verify.title, await readFlash(here)) };
}

export default async function VerifyPage({ searchParams }: { searchParams: SearchParams }) {
  const flash = await readFlash(here);
  const waiting = await waitFor("sign_up", "/sign-up", searchParams);
  return (
    <WaitingPage
      title={words.verify.title}
      flash={flash}
      waiting={waiting}
      sent={words.verify.sent}
      lifetimes={words.verify.lifetime(site().lifetimes.emailCode)}
      change={withNext("/sign-up", waiting.next)}
      resend={resendCode}
    >
      <Form action={typeSignUpCode}>
        <input type="hidden" name="email" value={waiting.email} />
        <CodeField
          name="code"
          label={words.check.code}
          hint={words.verify.codeHint}
          error={errorFor(flash, "code")}
          autoFocus={!flash.refusal}
        />
        <Button variant="primary">{words.verify.submit}</Button>
      </Form>
    </WaitingPage>
  );
}
