import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { FlashMessage, fieldError, pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { Alert } from "@/app/_ui/note";
import { RelativeTime } from "@/app/timestamps";
import { EmailField } from "@/app/email-field";
import { words } from "@/app/words";
import { previewMagicLink } from "@/lib/flows/sign-in/preview-magic-link";
import { readFlash } from "@/lib/web/flash";
import { runForRequest } from "@/lib/web/run-for-request";
import { redirectToNext } from "@/lib/web/redirects";
import { siteConfig } from "@/lib/web/site";
import { InvalidLink } from "../invalid-link";
import { submitLinkCancellation, submitLink } from "../actions";

const path = "/l";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(words.link.title(siteConfig().appName), await readFlash(path)) };
}

interface Props {
  params: Promise<{ token: string }>;
}

/** What a mail's link opens: it shows a button, and spends nothing (L2). */
export default async function LinkPage({ params }: Props) {
  const { token } = await params;
  const preview = await runForRequest(previewMagicLink, { token });
  if (!preview.ok) {
    if (preview.refusal.code === "unavailable") redirect("/unavailable");
    return (
      <InvalidLink
        title={words.link.deadTitle}
        lead={words.link.dead(siteConfig().lifetimes.magicLink)}
        reference={preview.refusal.reference}
      />
    );
  }
  const link = preview.value;
  if (link.alreadySignedIn) redirectToNext(link.next);
  const flash = await readFlash(path);
  const { appName } = siteConfig();
  return (
    <SignedOutLayout
      appName={appName}
      title={words.link.title(appName)}
      session={link.sessionId}
      hidePath={path}
    >
      <FlashMessage flash={flash} />
      <p>
        {words.link.as} <strong>{link.address}</strong>. {words.link.asked(link.browser)}{" "}
        <RelativeTime at={link.askedAt} />.
      </p>
      {link.signedInAs && (
        <Alert tone="warn">
          <p>
            {words.link.signedInAs} <strong>{link.signedInAs}</strong>.{" "}
            <a href="/account">{words.link.stay}</a>
          </p>
        </Alert>
      )}
      <Form action={submitLink}>
        <input type="hidden" name="token" value={token} />
        {!link.sameBrowser && (
          <>
            <Alert tone="info" title={words.link.otherBrowser}>
              <p>{words.link.otherBrowserHelp}</p>
            </Alert>
            <EmailField enterKeyHint="go" name="username" error={fieldError(flash, "email")} />
          </>
        )}
        <Button variant="primary">
          {link.signedInAs ? words.link.switchAccount : words.link.submit}
        </Button>
        <p>
          {words.link.notYou}{" "}
          <Button variant="quiet" formAction={submitLinkCancellation}>
            {words.link.cancel}
          </Button>
        </p>
      </Form>
    </SignedOutLayout>
  );
}
