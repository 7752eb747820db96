import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { cache } from "react";
import { FlashMessage, fieldError, pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { Alert } from "@/app/_ui/note";
import { RelativeTime } from "@/app/timestamps";
import { EmailField } from "@/app/email-field";
import { hiddenTokenPath } from "@/app/hidden-token-path";
import * as markup from "@/app/markup";
import { previewMagicLink } from "@/lib/flows/sign-in/preview-magic-link";
import { readFlash } from "@/lib/web/flash";
import { deviceName, message, messages, rich } from "@/lib/web/messages";
import { runForRequest } from "@/lib/web/run-for-request";
import { redirectToNext } from "@/lib/web/redirects";
import { siteConfig } from "@/lib/web/site";
import { MethodDisabled } from "../../method-disabled";
import { InvalidLink } from "../invalid-link";
import { refusedTitle } from "../refused-title";
import { submitLinkCancellation, submitLink } from "../actions";

const path = "/l";

interface Props {
  params: Promise<{ token: string }>;
}

const preview = cache((token: string) => runForRequest(previewMagicLink, { token }));

const titleFor = ({ signedInAs }: { signedInAs: string | null }) =>
  signedInAs
    ? message("link.switchTitle")
    : message("link.title", { appName: siteConfig().appName });

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const previewed = await preview((await params).token);
  if (!previewed.ok) return { title: refusedTitle(previewed.refusal) };
  return { title: pageTitle(titleFor(previewed.value), await readFlash(path)) };
}

/** The page of a sign-in link: it shows a button and consumes nothing (L2). */
export default async function LinkPage({ params }: Props) {
  const { token } = await params;
  const previewed = await preview(token);
  if (!previewed.ok) {
    const { code, method, reference, next, remember } = previewed.refusal;
    if (code === "unavailable") redirect("/unavailable");
    if (method) return <MethodDisabled method={method} hidePath={await hiddenTokenPath()} />;
    return (
      <InvalidLink
        title={refusedTitle(previewed.refusal)}
        lead={message("link.invalid", {
          lifetime: messages().exactDuration(siteConfig().lifetimes.magicLink),
        })}
        {...{ reference, next, remember }}
      />
    );
  }
  const link = previewed.value;
  if (link.alreadySignedIn) redirectToNext(link.next);
  const flash = await readFlash(path);
  const { appName } = siteConfig();
  const hidePath = await hiddenTokenPath();
  return (
    <SignedOutLayout
      appName={appName}
      title={titleFor(link)}
      session={link.sessionId}
      hidePath={hidePath}
    >
      <FlashMessage flash={flash} fields={link.sameBrowser ? [] : ["email"]} />
      {!hidePath && <Alert tone="info">{message("link.inAppBrowser")}</Alert>}
      <p>
        {rich(link.signedInAs ? "link.requestedByOther" : "link.requested", {
          current: link.signedInAs ?? "",
          address: link.address,
          device: deviceName(link.browser, "sentence"),
          when: <RelativeTime at={link.askedAt} />,
          email: markup.email,
        })}
      </p>
      <Form action={submitLink}>
        <input type="hidden" name="token" value={token} />
        {!link.sameBrowser && (
          <>
            <Alert tone="info" title={message("link.otherBrowser")}>
              <p>{message(link.signedInAs ? "link.typeToSwitch" : "link.typeToSignIn")}</p>
            </Alert>
            <EmailField enterKeyHint="go" name="username" error={fieldError(flash, "email")} />
          </>
        )}
        <Button variant="primary">
          {message(link.signedInAs ? "link.switchAccount" : "link.submit")}
        </Button>
        {link.signedInAs && (
          <StandaloneLink href="/account">{message("switchAccount.stay")}</StandaloneLink>
        )}
        <p>
          {rich("link.cancel", {
            button: (label) => (
              <Button variant="quiet" formAction={submitLinkCancellation}>
                {label}
              </Button>
            ),
          })}
        </p>
      </Form>
    </SignedOutLayout>
  );
}
