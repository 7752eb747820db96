import "@/app/account.css";
import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { cache } from "react";
import { FlashMessage, fieldError, pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { DefinitionList } from "@/app/_ui/definition-list";
import { Form } from "@/app/_ui/form";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { EmailField } from "@/app/email-field";
import { hiddenTokenPath } from "@/app/hidden-token-path";
import { Address, email } from "@/app/markup";
import { Timestamp } from "@/app/timestamps";
import { previewSignInReport } from "@/lib/flows/reports/preview-sign-in-report";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readFlash } from "@/lib/web/flash";
import { deviceName, message, messages, rich } from "@/lib/web/messages";
import { readOrRedirect, runForRequest } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { submitSignInReport } from "../../actions";
import { InvalidLink } from "../../invalid-link";
import { refusedTitle } from "../../refused-title";

// Token pages share one path for flash messages, which does not contain the token.
const path = "/l";

interface Props {
  params: Promise<{ token: string }>;
}

const preview = cache((token: string) => runForRequest(previewSignInReport, { token }));

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const previewed = await preview((await params).token);
  if (!previewed.ok) return { title: refusedTitle(previewed.refusal) };
  return { title: pageTitle(message("report.title"), await readFlash(path)) };
}

/** The page of a report: it shows the sign-in and a form, and consumes nothing (L2). */
export default async function ReportPage({ params }: Props) {
  const { token } = await params;
  const previewed = await preview(token);
  const { appName, lifetimes } = siteConfig();
  if (!previewed.ok) {
    const { code, reference } = previewed.refusal;
    if (code === "unavailable") redirect("/unavailable");
    return (
      <InvalidLink
        title={refusedTitle(previewed.refusal)}
        lead={message("link.invalid", {
          lifetime: messages().exactDuration(lifetimes.signInReport),
        })}
        reference={reference}
      />
    );
  }
  const { address, browser, ip, signedInAt } = previewed.value;
  const session = (await readOrRedirect(readSession, path))?.id ?? "";
  const flash = await readFlash(path);
  return (
    <SignedOutLayout
      appName={appName}
      title={message("report.title")}
      session={session}
      hidePath={await hiddenTokenPath()}
    >
      <FlashMessage flash={flash} fields={["email"]} />
      <p>{rich("report.lead", { address, email })}</p>
      <DefinitionList
        items={[
          { term: message("report.device"), value: deviceName(browser, "heading") },
          { term: message("report.time"), value: <Timestamp at={signedInAt} /> },
          {
            term: message("report.ip"),
            value: ip ? (
              <code>
                <Address>{ip}</Address>
              </code>
            ) : (
              message("sessions.unknownIp")
            ),
          },
        ]}
      />
      <p>{message("report.effects", { lock: messages().exactDuration(lifetimes.methodsLock) })}</p>
      <Form action={submitSignInReport}>
        <input type="hidden" name="token" value={token} />
        <p>{message("report.typeAddress")}</p>
        <EmailField enterKeyHint="go" name="username" error={fieldError(flash, "email")} />
        <Button variant="primary">{message("report.submit")}</Button>
      </Form>
      <p className="hint">{message("report.wasMe")}</p>
    </SignedOutLayout>
  );
}
