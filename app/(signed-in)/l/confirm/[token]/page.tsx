import type { Metadata } from "next";
import { FlashMessage } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { hiddenTokenPath } from "@/app/hidden-token-path";
import { email } from "@/app/markup";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readFlash } from "@/lib/web/flash";
import { message, messages, rich } from "@/lib/web/messages";
import { runForRequest, readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { submitSignOut } from "@/app/(signed-in)/account/actions";
import { stepUpWithLink } from "@/app/(signed-in)/account/confirm/actions";
import { CancelForm, describeStepUp } from "@/app/(signed-in)/account/confirm/step-up-reason";
import { previewStepUp } from "@/lib/flows/step-up/preview-step-up";
import { parseStepUpPath } from "@/lib/web/redirects";

const path = "/l";

export async function generateMetadata(): Promise<Metadata> {
  const { refusal } = await readFlash(path);
  return { title: message(refusal ? "link.invalidTitle" : "stepUp.title") };
}

interface Props {
  params: Promise<{ token: string }>;
}

/** The page of a step-up link. Only the session that requested it can use it, and it says what for. */
export default async function ConfirmLinkPage({ params }: Props) {
  const { token } = await params;
  const session = await readOrRedirect(readSession, path);
  const flash = await readFlash(path);
  const { appName, lifetimes } = siteConfig();
  const hidePath = await hiddenTokenPath();
  if (!session || flash.refusal)
    return (
      <SignedOutLayout
        appName={appName}
        title={message("link.invalidTitle")}
        session={session?.id ?? ""}
        hidePath={hidePath}
      >
        {flash.refusal?.code !== "link_invalid" && <FlashMessage flash={flash} />}
        <p>
          {message("stepUp.linkInvalid", {
            lifetime: messages().exactDuration(lifetimes.stepUpLink),
          })}
        </p>
        <p>
          <a href="/account/confirm">{message("stepUp.requestAnother")}</a>
        </p>
      </SignedOutLayout>
    );
  const preview = await runForRequest(previewStepUp, { token });
  const target = preview.ok ? parseStepUpPath(preview.value.next) : null;
  const described = target && (await describeStepUp(target));
  const isNamed = described !== null && !described.isLost;
  return (
    <SignedOutLayout
      appName={appName}
      title={isNamed ? described.title : message("stepUp.title")}
      session={session.id}
      hidePath={hidePath}
    >
      {isNamed && <p>{described.lead}</p>}
      <p>{rich("stepUp.linkLead", { address: session.email, email })}</p>
      <Form action={stepUpWithLink}>
        <input type="hidden" name="token" value={token} />
        <Button variant="primary">{message("stepUp.confirm")}</Button>
      </Form>
      {isNamed && target?.actionId ? (
        <CancelForm actionId={target.actionId} />
      ) : (
        <p>
          <a href="/account">{message("common.cancel")}</a>
        </p>
      )}
      <Form action={submitSignOut}>
        <p>
          {rich("stepUp.signOut", {
            button: (label) => <Button variant="quiet">{label}</Button>,
          })}
        </p>
      </Form>
    </SignedOutLayout>
  );
}
