import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { FlashMessage, fieldError, pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { Alert } from "@/app/_ui/note";
import { EmailField } from "@/app/email-field";
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

// Token pages share one path for flash messages, which does not contain the token.
const path = "/l";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(message("passwordReset.title"), await readFlash(path)) };
}

interface Props {
  params: Promise<{ token: string }>;
}

/** The page of a reset link: it shows a form and consumes nothing (L2). */
export default async function ResetLinkPage({ params }: Props) {
  const { token } = await params;
  const preview = await runForRequest(previewPasswordReset, { token });
  const session = (await readOrRedirect(readSession, path))?.id ?? "";
  const { appName, lifetimes } = siteConfig();
  if (!preview.ok) {
    if (preview.refusal.code === "unavailable") redirect("/unavailable");
    return (
      <SignedOutLayout
        appName={appName}
        title={message("link.invalidTitle")}
        session={session}
        hidePath={path}
      >
        <p>
          {message("link.invalid", { lifetime: messages().exactDuration(lifetimes.magicLink) })}
        </p>
        <Form action={submitResetRequest}>
          <EmailField enterKeyHint="go" />
          <Button variant="primary">{message("link.sendNew")}</Button>
        </Form>
        <RequestId id={preview.refusal.reference} />
      </SignedOutLayout>
    );
  }
  const { address, browser, askedAt, sameBrowser } = preview.value;
  const flash = await readFlash(path);
  return (
    <SignedOutLayout
      appName={appName}
      title={message("passwordReset.title")}
      session={session}
      hidePath={path}
    >
      <FlashMessage flash={flash} />
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
