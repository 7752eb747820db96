import type { Metadata } from "next";
import { AnswerNote, titleFor } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Gate } from "@/app/_ui/signed-out-layout";
import { words } from "@/app/words";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readFlash } from "@/lib/web/flash";
import { perform, read } from "@/lib/web/run-for-request";
import { site } from "@/lib/web/site";
import { signOutHere } from "@/app/(signed-in)/account/actions";
import { proveByLink } from "@/app/(signed-in)/account/confirm/actions";
import { CancelForm, describeProof } from "@/app/(signed-in)/account/confirm/step-up-reason";
import { previewStepUp } from "@/lib/flows/step-up/preview-step-up";
import { readProvePath } from "@/lib/web/redirects";

const here = "/l";

export async function generateMetadata(): Promise<Metadata> {
  return { title: titleFor(words.prove.title, await readFlash(here)) };
}

interface Props {
  params: Promise<{ token: string }>;
}

/**
 * What the link of a step-up mail opens; only the session that asked can press it, and is told what it
 * is for.
 */
export default async function ProveLinkPage({ params }: Props) {
  const { token } = await params;
  const session = await read(readSession, here);
  const flash = await readFlash(here);
  const { appName } = site();
  if (!session || flash.refusal)
    return (
      <Gate
        appName={appName}
        title={words.prove.deadTitle}
        session={session?.id ?? ""}
        hidePath={here}
      >
        {flash.refusal?.code !== "link_dead" && <AnswerNote flash={flash} />}
        <p>{words.prove.dead}</p>
        <p>
          <a href="/account/prove">{words.prove.again}</a>
        </p>
      </Gate>
    );
  const preview = await perform(previewStepUp, { token });
  const proofFor = preview.ok ? readProvePath(preview.value.next) : null;
  const described = proofFor && (await describeProof(proofFor));
  const isNamed = described !== null && !described.isLost;
  return (
    <Gate
      appName={appName}
      title={isNamed ? described.title : words.prove.title}
      session={session.id}
      hidePath={here}
    >
      {isNamed && <p>{described.lead}</p>}
      <p>
        {words.prove.pressLead} <strong>{session.email}</strong>
      </p>
      <Form action={proveByLink}>
        <input type="hidden" name="token" value={token} />
        <Button variant="primary">{words.prove.press}</Button>
      </Form>
      {isNamed && proofFor?.waiting ? (
        <CancelForm waiting={proofFor.waiting} />
      ) : (
        <p>
          <a href="/account">{words.prove.cancel}</a>
        </p>
      )}
      <Form action={signOutHere}>
        <p>
          {words.prove.notYou} <Button variant="quiet">{words.prove.signOut}</Button>
        </p>
      </Form>
    </Gate>
  );
}
