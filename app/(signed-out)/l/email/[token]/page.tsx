import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { cache } from "react";
import { EmailField } from "@/app/email-field";
import { FlashMessage, fieldError, pageTitle } from "@/app/flash-message";
import { hiddenTokenPath } from "@/app/hidden-token-path";
import { email } from "@/app/markup";
import { RequestId } from "@/app/request-id";
import { RelativeTime } from "@/app/timestamps";
import { Button } from "@/app/_ui/button";
import { CodeField } from "@/app/_ui/code-field";
import { Form } from "@/app/_ui/form";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { readSession } from "@/lib/flows/sessions/read-session";
import { previewStaffEmailChange } from "@/lib/flows/staff-email-change/preview-staff-email-change";
import { readFlash } from "@/lib/web/flash";
import { message, messages, rich } from "@/lib/web/messages";
import { readOrRedirect, runForRequest } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { submitStaffEmailChange } from "../../actions";
import { refusedTitle } from "../../refused-title";
import { path } from "../../undo-link";

interface Props {
  params: Promise<{ token: string }>;
}

const preview = cache((token: string) => runForRequest(previewStaffEmailChange, { token }));

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const previewed = await preview((await params).token);
  if (!previewed.ok) return { title: refusedTitle(previewed.refusal) };
  return { title: pageTitle(message("confirmEmail.title"), await readFlash(path)) };
}

/** Where the code from a new address is entered, for a change that staff have started (T2). */
export default async function ConfirmEmailPage({ params }: Props) {
  const { token } = await params;
  const previewed = await preview(token);
  const { appName, lifetimes } = siteConfig();
  const session = (await readOrRedirect(readSession, path))?.id ?? "";
  const hidePath = await hiddenTokenPath();
  const flash = await readFlash(path);
  if (!previewed.ok) {
    const { refusal } = previewed;
    if (refusal.code === "unavailable") redirect("/unavailable");
    return (
      <SignedOutLayout {...{ appName, session, hidePath }} title={refusedTitle(refusal)}>
        {flash.refusal?.code === "email_in_use" && <FlashMessage flash={flash} />}
        <p>
          {message("confirmEmail.invalid", {
            lifetime: messages().exactDuration(lifetimes.emailCode),
          })}
        </p>
        <StandaloneLink href="/sign-in">{message("methodDisabled.signIn")}</StandaloneLink>
        <RequestId id={refusal.reference} />
      </SignedOutLayout>
    );
  }
  const { address, askedAt } = previewed.value;
  return (
    <SignedOutLayout {...{ appName, session, hidePath }} title={message("confirmEmail.title")}>
      <FlashMessage flash={flash} fields={["email", "code"]} />
      <p>
        {rich("confirmEmail.lead", {
          appName,
          address,
          when: <RelativeTime at={askedAt} />,
          email,
        })}
      </p>
      <p>
        {message("confirmEmail.notice", {
          lifetime: messages().exactDuration(lifetimes.emailChangeNotice),
        })}
      </p>
      <Form action={submitStaffEmailChange}>
        <input type="hidden" name="token" value={token} />
        <EmailField
          label={message("confirmEmail.present")}
          hint={message("confirmEmail.presentHint")}
          name="username"
          error={fieldError(flash, "email")}
        />
        <CodeField
          name="code"
          label={message("checkEmail.code")}
          hint={message("confirmEmail.codeHint")}
          error={fieldError(flash, "code")}
        />
        <Button variant="primary">{message("confirmEmail.submit")}</Button>
      </Form>
      <p>{message("confirmEmail.help")}</p>
    </SignedOutLayout>
  );
}
