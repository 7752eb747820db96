import type { Metadata } from "next";
import { errorFor, titleFor } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { CodeField } from "@/app/_ui/code-field";
import { Form } from "@/app/_ui/form";
import { NewPassword } from "@/app/password-fields";
import { UsernameOf } from "@/app/username-field";
import { words } from "@/app/words";
import { sentenceOf } from "@/lib/core/result";
import { readFlash } from "@/lib/web/flash";
import { site } from "@/lib/web/site";
import { type SearchParams, waitFor, WaitingPage } from "../../check-email-page";
import { askForReset, resetByCode } from "../actions";

const here = "/password/check";

export async function generateMetadata(): Promise<Metadata> {
  return { title: titleFor(words.check.title, await readFlash(here)) };
}

export default async function ResetCheckPage({ searchParams }: { searchParams: SearchParams }) {
  const flash = await readFlash(here);
  const waiting = await waitFor("password_reset", "/password", searchParams);
  const { lifetimes } = site();
  return (
    <WaitingPage
      title={words.check.title}
      flash={flash}
      waiting={waiting}
      sent={words.reset.sent}
      lifetimes={words.check.lifetimes(lifetimes.magicLink, lifetimes.emailCode)}
      change="/password"
      resend={askForReset}
    >
      {waiting.codeSpent ? (
        <p>{sentenceOf({ code: "code_tries_spent" })}</p>
      ) : (
        <Form action={resetByCode}>
          <p>{words.reset.useCode}</p>
          <CodeField
            name="code"
            label={words.check.code}
            hint={words.check.codeHint}
            error={errorFor(flash, "code")}
            autoFocus={!flash.refusal}
          />
          <UsernameOf name="email" address={waiting.email} />
          <NewPassword error={errorFor(flash, "password")} differ={errorFor(flash, "again")} />
          <p className="hint">{words.reset.ends}</p>
          <Button variant="primary">{words.reset.save}</Button>
        </Form>
      )}
    </WaitingPage>
  );
}
