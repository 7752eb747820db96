import type { Metadata } from "next";
import { AnswerNote, errorFor, titleFor } from "@/app/answer-note";
import { Button } from "@/app/_ui/button";
import { Checkbox } from "@/app/_ui/checkbox";
import { Form } from "@/app/_ui/form";
import { Gate } from "@/app/_ui/gate";
import { Note } from "@/app/_ui/note";
import { EmailField } from "@/app/email-field";
import { words } from "@/app/words";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readFlash } from "@/lib/web/flash";
import { read } from "@/lib/web/perform";
import { goOn, safeNext } from "@/lib/web/redirects";
import { site } from "@/lib/web/site";
import { askForLink, goOnWithPassword } from "./actions";

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
  const { appName, signUp, methods } = site();
  const [byLink, byPassword] = [methods.includes("magic_link"), methods.includes("password")];
  return (
    <Gate appName={appName} title={words.signIn.title(appName)} session="">
      <p>{byLink ? words.signIn.lead[signUp] : words.signIn.passwordOnly}</p>
      <AnswerNote flash={flash} />
      {!flash.refusal && (note === "session_ended" || note === "cookies_blocked") && (
        <Note tone="info">{words.notes[note]}</Note>
      )}
      <Form action={byLink ? askForLink : goOnWithPassword}>
        <EmailField enterKeyHint="go" defaultValue={flash.email} error={errorFor(flash, "email")} />
        <Checkbox name="keep" label={words.keep} />
        <input type="hidden" name="next" value={safeNext(next)} />
        {byLink && <Button variant="primary">{words.askForLink}</Button>}
        {byPassword && (
          <Button variant={byLink ? "plain" : "primary"} formAction={goOnWithPassword}>
            {words.usePassword}
          </Button>
        )}
      </Form>
      {byPassword && signUp === "open" && (
        <p>
          <a href={`/sign-up?next=${encodeURIComponent(safeNext(next))}`}>{words.signIn.signUp}</a>
        </p>
      )}
    </Gate>
  );
}
