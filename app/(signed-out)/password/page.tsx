import type { Metadata } from "next";
import { AnswerNote, errorFor, titleFor } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Gate } from "@/app/_ui/signed-out-layout";
import { EmailField } from "@/app/email-field";
import { words } from "@/app/words";
import { readFlash } from "@/lib/web/flash";
import { onlyWith, site } from "@/lib/web/site";
import { askForReset } from "./actions";

const here = "/password";

export async function generateMetadata(): Promise<Metadata> {
  return { title: titleFor(words.reset.title, await readFlash(here)) };
}

/** For whoever forgot their password, or never had one (L9). */
export default async function ResetPage() {
  onlyWith("password");
  const flash = await readFlash(here);
  return (
    <Gate appName={site().appName} title={words.reset.title}>
      <p>{words.reset.lead}</p>
      <AnswerNote flash={flash} />
      <Form action={askForReset}>
        <EmailField enterKeyHint="go" defaultValue={flash.email} error={errorFor(flash, "email")} />
        <Button variant="primary">{words.reset.submit}</Button>
      </Form>
      <p>
        <a href="/sign-in">{words.reset.back}</a>
      </p>
    </Gate>
  );
}
