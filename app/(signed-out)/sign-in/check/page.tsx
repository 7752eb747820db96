import type { Metadata } from "next";
import { errorFor, titleFor } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { CodeField } from "@/app/_ui/code-field";
import { Form } from "@/app/_ui/form";
import { words } from "@/app/words";
import { sentenceOf } from "@/lib/core/result";
import { readFlash } from "@/lib/web/flash";
import { withNext } from "@/lib/web/redirects";
import { site } from "@/lib/web/site";
import { type SearchParams, waitFor, WaitingPage } from "../../check-email-page";
import { askForLink, typeCode } from "../actions";

const here = "/sign-in/check";

export async function generateMetadata(): Promise<Metadata> {
  return { title: titleFor(words.check.title, await readFlash(here)) };
}

export default async function CheckPage({ searchParams }: { searchParams: SearchParams }) {
  const flash = await readFlash(here);
  const waiting = await waitFor("magic_link", "/sign-in", searchParams);
  const { email, keep, next, codeSpent } = waiting;
  const { lifetimes } = site();
  return (
    <WaitingPage
      title={words.check.title}
      flash={flash}
      waiting={waiting}
      sent={words.check.sent}
      lifetimes={words.check.lifetimes(lifetimes.magicLink, lifetimes.emailCode)}
      change={withNext("/sign-in", next)}
      resend={askForLink}
      resendFields={
        <>
          <input type="hidden" name="next" value={next} />
          {keep && <input type="hidden" name="keep" value="on" />}
        </>
      }
    >
      {codeSpent ? (
        <p>{sentenceOf({ code: "code_tries_spent" })}</p>
      ) : (
        <Form action={typeCode}>
          <input type="hidden" name="email" value={email} />
          <CodeField
            name="code"
            label={words.check.code}
            hint={words.check.codeHint}
            error={errorFor(flash, "code")}
            autoFocus={!flash.refusal}
          />
          <Button variant="primary">{words.check.submit}</Button>
        </Form>
      )}
    </WaitingPage>
  );
}
