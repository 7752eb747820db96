import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { cache } from "react";
import { EmailField } from "@/app/email-field";
import { FlashMessage, fieldError, pageTitle } from "@/app/flash-message";
import { hiddenTokenPath } from "@/app/hidden-token-path";
import * as markup from "@/app/markup";
import { RequestId } from "@/app/request-id";
import { RelativeTime } from "@/app/timestamps";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Alert } from "@/app/_ui/note";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { previewAccessLink } from "@/lib/flows/access-links/preview-access-link";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readFlash } from "@/lib/web/flash";
import { message, messages, rich } from "@/lib/web/messages";
import { readOrRedirect, runForRequest } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { submitAccessLink } from "../../actions";

// Token pages share one path for flash messages, which does not contain the token.
const path = "/l";

interface Props {
  params: Promise<{ token: string }>;
}

const preview = cache((token: string) => runForRequest(previewAccessLink, { token }));

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const previewed = await preview((await params).token);
  if (!previewed.ok) return { title: message("link.invalidTitle") };
  return { title: pageTitle(message("accessLink.title"), await readFlash(path)) };
}

/** The page of a link from staff that opens an account: it consumes nothing (L2, T2). */
export default async function AccessLinkPage({ params }: Props) {
  const { token } = await params;
  const previewed = await preview(token);
  const { appName, lifetimes } = siteConfig();
  const hidePath = await hiddenTokenPath();
  if (!previewed.ok) {
    const { code, reference } = previewed.refusal;
    if (code === "unavailable") redirect("/unavailable");
    const session = await readOrRedirect(readSession, path);
    return (
      <SignedOutLayout
        appName={appName}
        title={message("link.invalidTitle")}
        session={session?.id ?? ""}
        hidePath={hidePath}
      >
        <p>{message("accessLink.invalid")}</p>
        <StandaloneLink href="/sign-in">{message("methodDisabled.signIn")}</StandaloneLink>
        <RequestId id={reference} />
      </SignedOutLayout>
    );
  }
  const { isOpen, address, sentAt, signedInAs, sessionId } = previewed.value;
  if (isOpen) redirect("/account");
  const flash = await readFlash(path);
  return (
    <SignedOutLayout
      appName={appName}
      title={message("accessLink.title")}
      session={sessionId}
      hidePath={hidePath}
    >
      <FlashMessage flash={flash} fields={["email"]} />
      {!hidePath && <Alert tone="info">{message("link.inAppBrowser")}</Alert>}
      <p>
        {rich("accessLink.lead", {
          appName,
          address,
          when: <RelativeTime at={sentAt} />,
          email: markup.email,
        })}
      </p>
      <p>
        {message("accessLink.limits", {
          lifetime: messages().exactDuration(lifetimes.accessSession),
        })}
      </p>
      <Form action={submitAccessLink}>
        <input type="hidden" name="token" value={token} />
        {signedInAs && (
          <Alert tone="warn">{message("accessLink.signedInAs", { address: signedInAs })}</Alert>
        )}
        <EmailField enterKeyHint="go" name="username" error={fieldError(flash, "email")} />
        <Button variant="primary">{message("accessLink.submit")}</Button>
      </Form>
      <p>{message("accessLink.help")}</p>
    </SignedOutLayout>
  );
}
