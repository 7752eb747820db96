import type { Metadata } from "next";
import { AnswerNote, errorFor, titleFor } from "@/app/answer-note";
import { Button } from "@/app/_ui/button";
import { Checkbox } from "@/app/_ui/checkbox";
import { Field } from "@/app/_ui/field";
import { Form } from "@/app/_ui/form";
import { Gate } from "@/app/_ui/gate";
import { Note } from "@/app/_ui/note";
import { words } from "@/app/words";
import { readSession } from "@/lib/flows/sessions/read-session";
import { bounds } from "@/lib/policy";
import { readFlash } from "@/lib/web/flash";
import { read } from "@/lib/web/perform";
import { goOn, safeNext } from "@/lib/web/redirects";
import { site } from "@/lib/web/site";
import { askForLink } from "./actions";

const here = "/sign-in";

export async function generateMetadata(): Promise<Metadata> {
  return { title: titleFor(words.signIn.title(site().appName), await readFlash(here)) };
}

interface Props {
  searchParams: Promise<{ next?: string | string[]; note?: string | string[] }>;
}

export default async function SignInPage({ searchParams }: Props) {
  const { next, note } = await searchParams;
  const flash = await readFlash(here);
  if (await read(readSession, here)) goOn(safeNext(next));
  const { appName, signUp } = site();
  return (
    <Gate appName={appName} title={words.signIn.title(appName)} session="">
      <p>{words.signIn.lead[signUp]}</p>
      <AnswerNote flash={flash} />
      {!flash.refusal && (note === "session_ended" || note === "cookies_blocked") && (
        <Note tone="info">{words.notes[note]}</Note>
      )}
      <Form action={askForLink}>
        <Field
          name="email"
          label={words.email}
          type="email"
          autoComplete="username"
          inputMode="email"
          enterKeyHint="go"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={bounds.emailLength}
          defaultValue={flash.email}
          error={errorFor(flash, "email")}
        />
        <Checkbox name="keep" label={words.keep} />
        <input type="hidden" name="next" value={safeNext(next)} />
        <Button variant="primary">{words.askForLink}</Button>
      </Form>
    </Gate>
  );
}
