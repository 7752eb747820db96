import { submitLinkRequest } from "../sign-in/actions";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { RequestId } from "@/app/request-id";
import { EmailField } from "@/app/email-field";
import { readSession } from "@/lib/flows/sessions/read-session";
import { message } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";

interface Props {
  readonly title: string;
  readonly lead: string;
  readonly reference?: string | undefined;
}

/** An invalid link, with a form that requests a new one (L3). */
export async function InvalidLink({ title, lead, reference }: Props) {
  const session = await readOrRedirect(readSession, "/l");
  return (
    <SignedOutLayout
      appName={siteConfig().appName}
      title={title}
      session={session?.id ?? ""}
      hidePath="/l"
    >
      <p>{lead}</p>
      <Form action={submitLinkRequest}>
        <EmailField enterKeyHint="go" />
        <Button variant="primary">{message("link.sendNew")}</Button>
      </Form>
      <RequestId id={reference} />
    </SignedOutLayout>
  );
}
