import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { cache } from "react";
import { FlashMessage } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { hiddenTokenPath } from "@/app/hidden-token-path";
import { email } from "@/app/markup";
import { readActiveSession } from "@/lib/web/active-session";
import { readFlash } from "@/lib/web/flash";
import { message, messages, rich } from "@/lib/web/messages";
import { runForRequest } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { submitSignOut } from "@/app/(signed-in)/account/actions";
import { stepUpWithLink } from "@/app/(signed-in)/account/confirm/actions";
import { CancelStepUp, describeStepUp } from "@/app/(signed-in)/account/confirm/step-up-reason";
import { previewStepUp } from "@/lib/flows/step-up/preview-step-up";
import { parseStepUpPath } from "@/lib/web/redirects";

const path = "/l";

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const link = await readLink((await params).token);
  if (!link) return { title: message("link.invalidTitle") };
  return { title: link.described?.title ?? message("stepUp.title") };
}

interface Props {
  params: Promise<{ token: string }>;
}

/** What this session's link is for, if its action is still suspended; null for a link of no use. */
const readLink = cache(async (token: string) => {
  const preview = await runForRequest(previewStepUp, { token });
  if (!preview.ok && preview.refusal.code === "unavailable") redirect("/unavailable");
  if (!preview.ok) return null;
  const target = parseStepUpPath(preview.value.next);
  const described = target && (await describeStepUp(target));
  return { described: described && !described.isLost ? { ...described, ...target } : null };
});

/** The page of a step-up link. Only the session that requested it can use it, and it says what for. */
export default async function ConfirmLinkPage({ params }: Props) {
  const { token } = await params;
  const session = await readActiveSession(path);
  const flash = await readFlash(path);
  const { appName, lifetimes } = siteConfig();
  const hidePath = await hiddenTokenPath();
  const link = await readLink(token);
  if (!session || !link)
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
  const { described } = link;
  return (
    <SignedOutLayout
      appName={appName}
      title={described?.title ?? message("stepUp.title")}
      session={session.id}
      hidePath={hidePath}
    >
      <FlashMessage flash={flash} />
      {described && <p>{described.lead}</p>}
      <p>{rich("stepUp.linkLead", { address: session.email, email })}</p>
      <Form action={stepUpWithLink}>
        <input type="hidden" name="token" value={token} />
        <Button variant="primary">{message("stepUp.confirm")}</Button>
      </Form>
      <CancelStepUp actionId={described?.actionId ?? ""} next={described?.next ?? ""} />
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
