import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { cache } from "react";
import { FlashMessage, fieldError, pageTitle } from "@/app/flash-message";
import { EmailField } from "@/app/email-field";
import { hiddenTokenPath } from "@/app/hidden-token-path";
import { email } from "@/app/markup";
import { RequestId } from "@/app/request-id";
import { RelativeTime } from "@/app/timestamps";
import { Alert } from "@/app/_ui/note";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { previewRestore } from "@/lib/flows/deletion/preview-restore";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readFlash } from "@/lib/web/flash";
import { deviceName, message, messages, rich } from "@/lib/web/messages";
import { readOrRedirect, runForRequest } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { refusedTitle } from "../../refused-title";
import { submitRestoreLink } from "../actions";

// Token pages share one path for flash messages, which does not contain the token.
const path = "/l";

interface Props {
  params: Promise<{ token: string }>;
}

const preview = cache((token: string) => runForRequest(previewRestore, { token }));

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const previewed = await preview((await params).token);
  if (!previewed.ok) return { title: refusedTitle(previewed.refusal) };
  return { title: pageTitle(message("restoreAccount.title"), await readFlash(path)) };
}

/** The page of a link that takes a deletion back: it shows a button and consumes nothing (L2). */
export default async function RestoreLinkPage({ params }: Props) {
  const { token } = await params;
  const previewed = await preview(token);
  const session = (await readOrRedirect(readSession, path))?.id ?? "";
  const { appName, lifetimes } = siteConfig();
  const hidePath = await hiddenTokenPath();
  const flash = await readFlash(path);
  if (!previewed.ok) {
    if (previewed.refusal.code === "unavailable") redirect("/unavailable");
    return (
      <SignedOutLayout
        appName={appName}
        title={refusedTitle(previewed.refusal)}
        session={session}
        hidePath={hidePath}
      >
        {flash.refusal?.code === "undo_too_late" && <FlashMessage flash={flash} />}
        <p>
          {message("restoreLink.invalid", {
            lifetime: messages().exactDuration(lifetimes.deletion),
          })}
        </p>
        <StandaloneLink href="/sign-in">{message("methodDisabled.signIn")}</StandaloneLink>
        <RequestId id={previewed.refusal.reference} />
      </SignedOutLayout>
    );
  }
  const { address, browser, askedAt, sameBrowser } = previewed.value;
  return (
    <SignedOutLayout
      appName={appName}
      title={message("restoreAccount.title")}
      session={session}
      hidePath={hidePath}
    >
      <FlashMessage flash={flash} fields={sameBrowser ? [] : ["email"]} />
      <p>
        {rich("restoreLink.lead", {
          address,
          device: deviceName(browser, "sentence"),
          when: <RelativeTime at={askedAt} />,
          email,
        })}
      </p>
      <Form action={submitRestoreLink}>
        <input type="hidden" name="token" value={token} />
        {!sameBrowser && (
          <>
            <Alert tone="info" title={message("restoreLink.otherBrowser")}>
              <p>{message("link.otherBrowserHelp")}</p>
            </Alert>
            <EmailField enterKeyHint="go" name="username" error={fieldError(flash, "email")} />
          </>
        )}
        <Button variant="primary">{message("restoreAccount.submit")}</Button>
      </Form>
    </SignedOutLayout>
  );
}
