import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { AnswerNote, errorFor, titleFor } from "@/app/answer-note";
import { Button } from "@/app/_ui/button";
import { CodeField } from "@/app/_ui/code-field";
import { Disclosure } from "@/app/_ui/disclosure";
import { Form } from "@/app/_ui/form";
import { Note } from "@/app/_ui/note";
import { Gate } from "@/app/_ui/gate";
import { MailboxHint } from "@/app/mailbox-hint";
import { words } from "@/app/words";
import { readWaiting } from "@/lib/flows/sign-in/read-waiting";
import { sentenceOf } from "@/lib/result";
import { readFlash } from "@/lib/web/flash";
import { perform } from "@/lib/web/perform";
import { goOn } from "@/lib/web/redirects";
import { site } from "@/lib/web/site";
import { askForLink, typeCode } from "../actions";

const here = "/sign-in/check";

export async function generateMetadata(): Promise<Metadata> {
  return { title: titleFor(words.check.title, await readFlash(here)) };
}

interface Props {
  searchParams: Promise<{ asked?: string | string[] }>;
}

export default async function CheckPage({ searchParams }: Props) {
  const { asked } = await searchParams;
  const flash = await readFlash(here);
  const waiting = await perform(readWaiting, {});
  if (!waiting.ok) {
    if (waiting.refusal.code === "unavailable") redirect("/unavailable");
    // Somebody who just asked and has no cookie to show for it has a browser that keeps none.
    redirect(asked === undefined ? "/sign-in" : "/sign-in?note=cookies_blocked");
  }
  const { email, done, keep, next, resendIn, codeSpent, mailIsSlow } = waiting.value;
  if (done) goOn(next);
  const { appName, lifetimes, lettersPerHour } = site();
  return (
    <Gate appName={appName} title={words.check.title} session="" recheck>
      <AnswerNote flash={flash} />
      <p>
        {words.check.sent.before}
        <strong>{email}</strong>
        {words.check.sent.after} {words.check.lifetimes(lifetimes.magicLink, lifetimes.emailCode)}{" "}
        <a href={`/sign-in?next=${encodeURIComponent(next)}`}>{words.check.changeAddress}</a>
      </p>
      {mailIsSlow && <Note tone="warn">{words.check.slow}</Note>}
      <MailboxHint />
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
      <Form action={askForLink}>
        <input type="hidden" name="email" value={email} />
        <input type="hidden" name="next" value={next} />
        {keep && <input type="hidden" name="keep" value="on" />}
        <Button
          countdown={resendIn > 0 ? { seconds: resendIn, text: words.check.resendIn } : undefined}
        >
          {words.check.resend}
        </Button>
      </Form>
      <Disclosure summary={words.check.nothing}>
        <p>{words.check.lookInSpam}</p>
        <p>{words.check.rule(lettersPerHour)}</p>
      </Disclosure>
    </Gate>
  );
}
