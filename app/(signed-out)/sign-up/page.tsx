import type { Metadata } from "next";
import { AnswerNote, errorFor, titleFor } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Checkbox } from "@/app/_ui/checkbox";
import { Form } from "@/app/_ui/form";
import { Gate } from "@/app/_ui/signed-out-layout";
import { EmailField } from "@/app/email-field";
import { NewPassword } from "@/app/password-fields";
import { words } from "@/app/words";
import { readSession } from "@/lib/flows/sessions/read-session";
import { sentenceOf } from "@/lib/core/result";
import { readFlash } from "@/lib/web/flash";
import { read } from "@/lib/web/run-for-request";
import { goOn, safeNext, withNext } from "@/lib/web/redirects";
import { onlyWith, site } from "@/lib/web/site";
import { signUp } from "./actions";

const here = "/sign-up";

export async function generateMetadata(): Promise<Metadata> {
  return { title: titleFor(words.signUp.title(site().appName), await readFlash(here)) };
}

interface Props {
  searchParams: Promise<{ next?: string | string[] }>;
}

export default async function SignUpPage({ searchParams }: Props) {
  onlyWith("password");
  const next = safeNext((await searchParams).next);
  const flash = await readFlash(here);
  if (await read(readSession, here)) goOn(next);
  const { appName, signUp: mode } = site();
  const signInLink = (
    <p>
      <a href={withNext("/sign-in", next)}>{words.signUp.signIn}</a>
    </p>
  );
  if (mode === "closed")
    return (
      <Gate appName={appName} title={words.signUp.closedTitle} session="">
        <p>{sentenceOf({ code: "sign_up_closed" })}</p>
        {signInLink}
      </Gate>
    );
  return (
    <Gate appName={appName} title={words.signUp.title(appName)} session="">
      <p>{words.signUp.lead}</p>
      <AnswerNote flash={flash} />
      <Form action={signUp}>
        <EmailField defaultValue={flash.email} error={errorFor(flash, "email")} />
        <NewPassword error={errorFor(flash, "password")} differ={errorFor(flash, "again")} />
        <Checkbox name="keep" label={words.keep} defaultChecked={flash.keep} />
        <input type="hidden" name="next" value={next} />
        <Button variant="primary">{words.signUp.submit}</Button>
      </Form>
      {signInLink}
    </Gate>
  );
}
