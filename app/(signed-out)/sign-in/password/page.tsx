import type { Metadata } from "next";
import { AnswerNote, errorFor, titleFor } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Checkbox } from "@/app/_ui/checkbox";
import { Form } from "@/app/_ui/form";
import { Gate } from "@/app/_ui/signed-out-layout";
import { EmailField } from "@/app/email-field";
import { CurrentPassword } from "@/app/password-fields";
import { words } from "@/app/words";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readFlash } from "@/lib/web/flash";
import { read } from "@/lib/web/run-for-request";
import { goOn, safeNext, withNext } from "@/lib/web/redirects";
import { onlyWith, site } from "@/lib/web/site";
import { askForLink, signInByPassword } from "../actions";

const here = "/sign-in/password";

export async function generateMetadata(): Promise<Metadata> {
  return { title: titleFor(words.passwordPage.title, await readFlash(here)) };
}

interface Props {
  searchParams: Promise<{ next?: string | string[] }>;
}

export default async function PasswordPage({ searchParams }: Props) {
  onlyWith("password");
  const next = safeNext((await searchParams).next);
  const flash = await readFlash(here);
  if (await read(readSession, here)) goOn(next);
  const { appName, signUp, methods } = site();
  return (
    <Gate appName={appName} title={words.passwordPage.title} session="">
      <AnswerNote flash={flash} />
      <Form action={signInByPassword}>
        <EmailField defaultValue={flash.email} error={errorFor(flash, "email")} />
        <CurrentPassword
          error={errorFor(flash, "password")}
          autoFocus={!flash.refusal && flash.email !== ""}
        />
        <Checkbox name="keep" label={words.keep} defaultChecked={flash.keep} />
        <input type="hidden" name="next" value={next} />
        <Button variant="primary">{words.passwordPage.submit}</Button>
        {methods.includes("magic_link") && (
          <Button formAction={askForLink}>{words.passwordPage.linkInstead}</Button>
        )}
      </Form>
      <p>
        <a href="/password">{words.passwordPage.reset}</a>
      </p>
      {signUp === "open" && (
        <p>
          <a href={withNext("/sign-up", next)}>{words.passwordPage.signUp}</a>
        </p>
      )}
    </Gate>
  );
}
