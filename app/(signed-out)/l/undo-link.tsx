import { redirect } from "next/navigation";
import type { ReactNode } from "react";
import { FlashMessage, fieldError } from "@/app/flash-message";
import { EmailField } from "@/app/email-field";
import { hiddenTokenPath } from "@/app/hidden-token-path";
import { RequestId } from "@/app/request-id";
import { Alert } from "@/app/_ui/note";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import type { Result } from "@/lib/core/result";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readFlash } from "@/lib/web/flash";
import { message } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { refusedTitle } from "./refused-title";

/** Token pages share one path for flash messages, which does not contain the token. */
export const path = "/l";

interface Props<Preview> {
  readonly token: string;
  readonly previewed: Result<Preview>;
  readonly title: string;
  readonly lead: (preview: Preview) => ReactNode;
  /** What is said about a link that cannot be used. */
  readonly invalid: string;
  /** Where the link was opened in a browser that did not ask for what it undoes. */
  readonly otherBrowser: { readonly title: string; readonly text: string };
  readonly action: (form: FormData) => Promise<void>;
  readonly button: string;
}

/** The page of a link that takes something back: it shows a button and consumes nothing (L2, L5). */
export async function UndoLink<Preview extends { readonly sameBrowser: boolean }>({
  token,
  previewed,
  title,
  lead,
  invalid,
  otherBrowser,
  action,
  button,
}: Props<Preview>) {
  const session = (await readOrRedirect(readSession, path))?.id ?? "";
  const { appName } = siteConfig();
  const hidePath = await hiddenTokenPath();
  const flash = await readFlash(path);
  if (!previewed.ok) {
    const { refusal } = previewed;
    if (refusal.code === "unavailable") redirect("/unavailable");
    return (
      <SignedOutLayout {...{ appName, session, hidePath }} title={refusedTitle(refusal)}>
        {flash.refusal?.code === "undo_too_late" && <FlashMessage flash={flash} />}
        <p>{invalid}</p>
        <StandaloneLink href="/sign-in">{message("methodDisabled.signIn")}</StandaloneLink>
        <RequestId id={refusal.reference} />
      </SignedOutLayout>
    );
  }
  const { sameBrowser } = previewed.value;
  return (
    <SignedOutLayout {...{ appName, session, hidePath, title }}>
      <FlashMessage flash={flash} fields={sameBrowser ? [] : ["email"]} />
      <p>{lead(previewed.value)}</p>
      <Form action={action}>
        <input type="hidden" name="token" value={token} />
        {!sameBrowser && (
          <>
            <Alert tone="info" title={otherBrowser.title}>
              <p>{otherBrowser.text}</p>
            </Alert>
            <EmailField enterKeyHint="go" name="username" error={fieldError(flash, "email")} />
          </>
        )}
        <Button variant="primary">{button}</Button>
      </Form>
    </SignedOutLayout>
  );
}
