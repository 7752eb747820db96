import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { cache } from "react";
import { FlashMessage, fieldError, pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { Alert } from "@/app/_ui/note";
import { EmailField } from "@/app/email-field";
import { hiddenTokenPath } from "@/app/hidden-token-path";
import { email } from "@/app/markup";
import { NewPassword } from "@/app/password-fields";
import { RequestId } from "@/app/request-id";
import { RelativeTime } from "@/app/timestamps";
import { submitResetRequest, resetByLink } from "@/app/(signed-out)/password/actions";
import { previewPasswordReset } from "@/lib/flows/password/preview-password-reset";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readFlash } from "@/lib/web/flash";
import { deviceName, message, messages, rich } from "@/lib/web/messages";
import { runForRequest, readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { MethodDisabled } from "../../../method-disabled";
import { refusedTitle } from "../../refused-title";

// Token pages share one path for flash messages, which does not contain the token.
const path = "/l";

interface Props {
  params: Promise<{ token: string }>;
}

const preview = cache((token: string) => runForRequest(previewPasswordReset, { token }));

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const previewed = await preview((await params).token);
  if (!previewed.ok) return { title: refusedTitle(previewed.refusal) };
  return { title: pageTitle(message("passwordReset.title"), await readFlash(path)) };
}

/** The page of a reset link: it shows a form and consumes nothing (L2). */
export default async function ResetLinkPage({ params }: Props) {
  const { token } = await params;
  const previewed = await preview(token);
  const session = (await readOrRedirect(readSession, path))?.id ?? "";
  const { appName, lifetimes } = siteConfig();
  const hidePath = await hiddenTokenPath();
  if (!previewed.ok) {
    const { code, method } = previewed.refusal;
    if (code === "unavailable") redirect("/unavailable");
    if (method) return <MethodDisabled method={method} hidePath={hidePath} />;
    return (
      <SignedOutLayout
        appName={appName}
        title={refusedTitle(previewed.refusal)}
        session={session}
        hidePath={hidePath}
      >
        <p>
          {message("link.invalid", { lifetime: messages().exactDuration(lifetimes.magicLink) })}
        </p>
        <Form action={submitResetRequest}>
          <EmailField enterKeyHint="go" />
          <Button variant="primary">{message("link.sendNew")}</Button>
        </Form>
        <RequestId id={previewed.refusal.reference} />
      </SignedOutLayout>
    );
  }
  const { address, browser, askedAt, sameBrowser } = previewed.value;
  const flash = await readFlash(path);
  return (
    <SignedOutLayout
      appName={appName}
      title={message("passwordReset.title")}
      session={session}
      hidePath={hidePath}
    >
      <FlashMessage flash={flash} fields={["email", "password", "confirmPassword"]} />
      {!hidePath && <Alert tone="info">{message("link.inAppBrowser")}</Alert>}
      <p>
        {rich("passwordReset.requested", {
          address,
          device: deviceName(browser, "sentence"),
          when: <RelativeTime at={askedAt} />,
          email,
        })}
      </p>
      <Form action={resetByLink}>
        <input type="hidden" name="token" value={token} />
        {!sameBrowser && (
          <Alert tone="info" title={message("link.otherBrowser")}>
            <p>{message("link.otherBrowserHelp")}</p>
          </Alert>
        )}
        <EmailField
          name="username"
          error={fieldError(flash, "email")}
          {...(sameBrowser && { defaultValue: address, readOnly: true })}
        />
        <NewPassword
          error={fieldError(flash, "password")}
          differ={fieldError(flash, "confirmPassword")}
        />
        <p className="hint">{message("passwordReset.otherDevices")}</p>
        <Button variant="primary">{message("passwordReset.save")}</Button>
      </Form>
    </SignedOutLayout>
  );
}
