import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { AnswerNote, errorFor, titleFor } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Gate } from "@/app/_ui/signed-out-layout";
import { Note } from "@/app/_ui/note";
import { Ago } from "@/app/timestamps";
import { EmailField } from "@/app/email-field";
import { words } from "@/app/words";
import { previewMagicLink } from "@/lib/flows/sign-in/preview-magic-link";
import { readFlash } from "@/lib/web/flash";
import { perform } from "@/lib/web/run-for-request";
import { goOn } from "@/lib/web/redirects";
import { site } from "@/lib/web/site";
import { DeadLink } from "../invalid-link";
import { cancelRequest, signInByLink } from "../actions";

const here = "/l";

export async function generateMetadata(): Promise<Metadata> {
  return { title: titleFor(words.link.title(site().appName), await readFlash(here)) };
}

interface Props {
  params: Promise<{ token: string }>;
}

/** What a mail's link opens: it shows a button, and spends nothing (L2). */
export default async function LinkPage({ params }: Props) {
  const { token } = await params;
  const preview = await perform(previewMagicLink, { token });
  if (!preview.ok) {
    if (preview.refusal.code === "unavailable") redirect("/unavailable");
    return (
      <DeadLink
        title={words.link.deadTitle}
        lead={words.link.dead(site().lifetimes.magicLink)}
        reference={preview.refusal.reference}
      />
    );
  }
  const link = preview.value;
  if (link.alreadyIn) goOn(link.next);
  const flash = await readFlash(here);
  const { appName } = site();
  return (
    <Gate
      appName={appName}
      title={words.link.title(appName)}
      session={link.sessionId}
      hidePath={here}
    >
      <AnswerNote flash={flash} />
      <p>
        {words.link.as} <strong>{link.address}</strong>. {words.link.asked(link.browser)}{" "}
        <Ago at={link.askedAt} />.
      </p>
      {link.signedInAs && (
        <Note tone="warn">
          <p>
            {words.link.signedInAs} <strong>{link.signedInAs}</strong>.{" "}
            <a href="/account">{words.link.stay}</a>
          </p>
        </Note>
      )}
      <Form action={signInByLink}>
        <input type="hidden" name="token" value={token} />
        {!link.sameBrowser && (
          <>
            <Note tone="info" title={words.link.otherBrowser}>
              <p>{words.link.otherBrowserHelp}</p>
            </Note>
            <EmailField enterKeyHint="go" name="username" error={errorFor(flash, "username")} />
          </>
        )}
        <Button variant="primary">
          {link.signedInAs ? words.link.switchAccount : words.link.submit}
        </Button>
        <p>
          {words.link.notYou}{" "}
          <Button variant="quiet" formAction={cancelRequest}>
            {words.link.cancel}
          </Button>
        </p>
      </Form>
    </Gate>
  );
}
