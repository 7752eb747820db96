import type { Metadata } from "next";
import { cache } from "react";
import { FlashMessage } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { StandaloneLink } from "@/app/_ui/standalone-link";
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
import { CancelStepUp, describeStepUp } from "@/app/(signed-in)/account/confirm/step-up-reason";
import { previewStepUp } from "@/lib/flows/step-up/preview-step-up";
import { parseStepUpPath } from "@/lib/web/redirects";

const path = "/l";

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { refusal } = await readFlash(path);
  if (refusal) return { title: message("link.invalidTitle") };
  const described = await describeLink((await params).token);
  return { title: described?.title ?? message("stepUp.title") };
}

interface Props {
  params: Promise<{ token: string }>;
}

/** What this session's link is for; null for an unknown link, or one whose action is not suspended. */
const describeLink = cache(async (token: string) => {
  const preview = await runForRequest(previewStepUp, { token });
  const target = preview.ok ? parseStepUpPath(preview.value.next) : null;
  const described = target && (await describeStepUp(target));
  return described && !described.isLost ? { ...described, ...target } : null;
});

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
        <StandaloneLink href="/account/confirm">{message("stepUp.requestAnother")}</StandaloneLink>
      </SignedOutLayout>
    );
  const described = await describeLink(token);
  return (
    <SignedOutLayout
      appName={appName}
      title={described?.title ?? message("stepUp.title")}
      session={session.id}
      hidePath={hidePath}
    >
      {described && <p>{described.lead}</p>}
      <p>{rich("stepUp.linkLead", { address: session.email, email })}</p>
      <Form action={stepUpWithLink}>
        <input type="hidden" name="token" value={token} />
        <Button variant="primary">{message("stepUp.confirm")}</Button>
      </Form>
      <CancelStepUp actionId={described?.actionId ?? ""} />
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
