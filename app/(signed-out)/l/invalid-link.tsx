import type { ReactNode } from "react";
import { submitLinkRequest } from "../sign-in/actions";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { RequestId } from "@/app/request-id";
import { EmailField } from "@/app/email-field";
import { hiddenTokenPath } from "@/app/hidden-token-path";
import { readSession } from "@/lib/flows/sessions/read-session";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { message } from "@/lib/web/messages";
import { withNext } from "@/lib/web/redirects";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { safeNext } from "@/lib/web/safe-next";
import { siteConfig } from "@/lib/web/site";

interface Props {
  readonly title: string;
  readonly lead: string;
  readonly reference?: string | undefined;
  /** How to go on without the link. */
  readonly children?: ReactNode;
  /** What the dead link's request asked for. */
  readonly next?: string | undefined;
  readonly remember?: boolean | undefined;
  readonly address?: string | undefined;
}

/** An invalid link, with a form that requests a new one where links are enabled (L3). */
export async function InvalidLink(props: Props) {
  const { title, lead, reference, children, next, remember, address } = props;
  const session = await readOrRedirect(readSession, "/l");
  return (
    <SignedOutLayout
      appName={siteConfig().appName}
      title={title}
      session={session?.id ?? ""}
      hidePath={await hiddenTokenPath()}
    >
      <p>{lead}</p>
      {children}
      {siteConfig().methods.includes(magicLinkMethod.id) ? (
        <Form action={submitLinkRequest}>
          <EmailField enterKeyHint="go" defaultValue={address} />
          <input type="hidden" name="next" value={safeNext(next)} />
          {remember && <input type="hidden" name="remember" value="on" />}
          <Button variant="primary">{message("link.sendNew")}</Button>
        </Form>
      ) : (
        <StandaloneLink href={withNext("/sign-in", safeNext(next))}>
          {message("methodDisabled.signIn")}
        </StandaloneLink>
      )}
      <RequestId id={reference} />
    </SignedOutLayout>
  );
}
