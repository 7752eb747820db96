import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { AnswerNote, errorFor, titleFor } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Gate } from "@/app/_ui/signed-out-layout";
import { Note } from "@/app/_ui/note";
import { EmailField } from "@/app/email-field";
import { NewPassword } from "@/app/password-fields";
import { Reference } from "@/app/request-id";
import { Ago } from "@/app/timestamps";
import { words } from "@/app/words";
import { askForReset, resetByLink } from "@/app/(signed-out)/password/actions";
import { previewPasswordReset } from "@/lib/flows/password/preview-password-reset";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readFlash } from "@/lib/web/flash";
import { perform, read } from "@/lib/web/run-for-request";
import { site } from "@/lib/web/site";

// Token pages share one place for what an action tells them, without the token.
const here = "/l";

export async function generateMetadata(): Promise<Metadata> {
  return { title: titleFor(words.reset.title, await readFlash(here)) };
}

interface Props {
  params: Promise<{ token: string }>;
}

/** What the link of a reset mail opens: it shows a form, and spends nothing (L2). */
export default async function ResetLinkPage({ params }: Props) {
  const { token } = await params;
  const preview = await perform(previewPasswordReset, { token });
  const session = (await read(readSession, here))?.id ?? "";
  const { appName, lifetimes } = site();
  if (!preview.ok) {
    if (preview.refusal.code === "unavailable") redirect("/unavailable");
    return (
      <Gate appName={appName} title={words.link.deadTitle} session={session} hidePath={here}>
        <p>{words.link.dead(lifetimes.magicLink)}</p>
        <Form action={askForReset}>
          <EmailField enterKeyHint="go" />
          <Button variant="primary">{words.link.sendNew}</Button>
        </Form>
        <Reference id={preview.refusal.reference} />
      </Gate>
    );
  }
  const { address, browser, askedAt, sameBrowser } = preview.value;
  const flash = await readFlash(here);
  return (
    <Gate appName={appName} title={words.reset.title} session={session} hidePath={here}>
      <AnswerNote flash={flash} />
      <p>
        {words.reset.of} <strong>{address}</strong>. {words.link.asked(browser)}{" "}
        <Ago at={askedAt} />.
      </p>
      <Form action={resetByLink}>
        <input type="hidden" name="token" value={token} />
        {!sameBrowser && (
          <Note tone="info" title={words.link.otherBrowser}>
            <p>{words.link.otherBrowserHelp}</p>
          </Note>
        )}
        <EmailField
          name="username"
          error={errorFor(flash, "username")}
          {...(sameBrowser && { defaultValue: address, readOnly: true })}
        />
        <NewPassword error={errorFor(flash, "password")} differ={errorFor(flash, "again")} />
        <p className="hint">{words.reset.ends}</p>
        <Button variant="primary">{words.reset.save}</Button>
      </Form>
    </Gate>
  );
}
