import { headers } from "next/headers";
import { redirect } from "next/navigation";
import type { ReactNode } from "react";
import { FlashMessage } from "@/app/flash-message";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { Alert } from "@/app/_ui/note";
import { MailboxHint } from "@/app/mailbox-hint";
import * as markup from "@/app/markup";
import { ResendEmail } from "@/app/resend-email";
import { readPendingRequest } from "@/lib/flows/sign-in/read-pending-request";
import { displayAddress } from "@/lib/core/display-address";
import { bounds } from "@/lib/core/policy";
import type { Flash } from "@/lib/web/flash";
import { message, rich } from "@/lib/web/messages";
import { runForRequest } from "@/lib/web/run-for-request";
import { redirectToNext } from "@/lib/web/redirects";
import { siteConfig } from "@/lib/web/site";

type Purpose = "magic_link" | "sign_up" | "password_reset";
export type SearchParams = Promise<Record<string, string | string[] | undefined>>;

/**
 * This browser's pending request; redirects to `start` when there is none. Where its method is disabled,
 * it redirects to the sign-in page, which says so.
 */
export async function loadPendingRequest(
  purpose: Purpose,
  start: string,
  searchParams: SearchParams,
) {
  const { asked } = await searchParams;
  const pending = await runForRequest(readPendingRequest, { purpose });
  if (!pending.ok) {
    const { code, method } = pending.refusal;
    if (code === "unavailable") redirect("/unavailable");
    if (method) redirect(`/sign-in?disabled=${method}`);
    // A browser that has just made a request and has no cookie of it does not accept cookies.
    redirect(asked === undefined ? start : "/sign-in?note=cookies_blocked");
  }
  if (pending.value.done) redirectToNext(pending.value.next);
  // Our script asks whether the page that waits has changed, and reloads it after a redirect.
  if (!isWaiting(pending.value) && (await headers()).has("x-latchkey-check")) redirect(start);
  return pending.value;
}

/** The code can be entered: it was not used, or the response to that may have been lost. */
const isWaiting = ({ state, isRepeatable }: { state: string; isRepeatable: boolean }) =>
  state === "waiting" || isRepeatable;

/**
 * What a form begins with: the values of its last submission, or, after “Change email address”, those of
 * this browser's pending request.
 */
export async function initialValues(
  purpose: Purpose,
  flash: Pick<Flash, "email" | "remember" | "refusal">,
  { change }: { readonly change?: unknown },
): Promise<Pick<Flash, "email" | "remember">> {
  if (change === undefined || flash.refusal || flash.email) return flash;
  const pending = await runForRequest(readPendingRequest, { purpose });
  if (!pending.ok) return flash;
  const { email, remember } = pending.value;
  return { email: displayAddress(email), remember };
}

interface Props {
  readonly title: string;
  readonly flash: Flash;
  /** The fields among the children that show their own error. */
  readonly fields: readonly string[];
  readonly pending: Awaited<ReturnType<typeof loadPendingRequest>>;
  readonly what: "signIn" | "signUp" | "passwordReset";
  readonly lifetimes: string;
  /** The page on which another address can be entered; it begins with `initialValues`. */
  readonly change: string;
  /** Requests the same email again, with the fields it needs. */
  readonly resend: (form: FormData) => Promise<void>;
  readonly resendFields?: ReactNode;
  readonly children: ReactNode;
}

/** "Check your email": the same text for every address (L8). */
export function CheckEmailPage({
  title,
  flash,
  fields,
  pending,
  what,
  lifetimes,
  change,
  resend,
  resendFields,
  children,
}: Props) {
  const { email, resendIn, mailIsDelayed, state } = pending;
  const waits = isWaiting(pending);
  // A finished sign-up has an account, so another code would not be sent.
  const canRequestAgain = state === "waiting" || what !== "signUp";
  const { appName } = siteConfig();
  return (
    <SignedOutLayout appName={appName} title={title} session="" recheck={waits}>
      <FlashMessage flash={flash} fields={waits ? fields : ["code"]} />
      {waits ? (
        <p>
          {rich(`checkEmail.sent.${what}`, {
            address: email,
            digits: String(bounds.codeDigits),
            email: markup.email,
          })}{" "}
          {lifetimes} <a href={change}>{message("checkEmail.changeAddress")}</a>
        </p>
      ) : (
        <Alert tone="warn">
          <p>
            {rich(state === "used" ? `checkEmail.used.${what}` : "checkEmail.cancelled", {
              address: email,
              email: markup.email,
              link: markup.link(what === "signIn" ? "/sign-in" : "/sign-in/password"),
            })}
          </p>
        </Alert>
      )}
      {waits && mailIsDelayed && <Alert tone="warn">{message("checkEmail.slow")}</Alert>}
      <MailboxHint />
      {waits && children}
      {canRequestAgain && (
        <ResendEmail action={resend} {...{ email, resendIn }}>
          {resendFields}
        </ResendEmail>
      )}
    </SignedOutLayout>
  );
}
