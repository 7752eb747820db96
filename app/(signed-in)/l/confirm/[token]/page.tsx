import type { Metadata } from "next";
import { FlashMessage, pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { words } from "@/app/words";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readFlash } from "@/lib/web/flash";
import { runForRequest, readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { submitSignOut } from "@/app/(signed-in)/account/actions";
import { stepUpWithLink } from "@/app/(signed-in)/account/confirm/actions";
import { CancelForm, describeStepUp } from "@/app/(signed-in)/account/confirm/step-up-reason";
import { previewStepUp } from "@/lib/flows/step-up/preview-step-up";
import { parseStepUpPath } from "@/lib/web/redirects";

const path = "/l";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(words.prove.title, await readFlash(path)) };
}

interface Props {
  params: Promise<{ token: string }>;
}

/**
 * What the link of a step-up mail opens; only the session that asked can press it, and is told what it
 * is for.
 */
export default async function ConfirmLinkPage({ params }: Props) {
  const { token } = await params;
  const session = await readOrRedirect(readSession, path);
  const flash = await readFlash(path);
  const { appName } = siteConfig();
  if (!session || flash.refusal)
    return (
      <SignedOutLayout
        appName={appName}
        title={words.prove.deadTitle}
        session={session?.id ?? ""}
        hidePath={path}
      >
        {flash.refusal?.code !== "link_invalid" && <FlashMessage flash={flash} />}
        <p>{words.prove.dead}</p>
        <p>
          <a href="/account/confirm">{words.prove.again}</a>
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
      title={isNamed ? described.title : words.prove.title}
      session={session.id}
      hidePath={path}
    >
      {isNamed && <p>{described.lead}</p>}
      <p>
        {words.prove.pressLead} <strong>{session.email}</strong>
      </p>
      <Form action={stepUpWithLink}>
        <input type="hidden" name="token" value={token} />
        <Button variant="primary">{words.prove.press}</Button>
      </Form>
      {isNamed && target?.actionId ? (
        <CancelForm actionId={target.actionId} />
      ) : (
        <p>
          <a href="/account">{words.prove.cancel}</a>
        </p>
      )}
      <Form action={submitSignOut}>
        <p>
          {words.prove.notYou} <Button variant="quiet">{words.prove.signOut}</Button>
        </p>
      </Form>
    </SignedOutLayout>
  );
}
