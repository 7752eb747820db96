import "@/app/account.css";
import type { Metadata } from "next";
import { FlashMessage } from "@/app/flash-message";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { link } from "@/app/markup";
import { readSession } from "@/lib/flows/sessions/read-session";
import { passwordMethod } from "@/lib/methods/password";
import { readFlash } from "@/lib/web/flash";
import { message, messages, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";

// The pages of links share one path for flash messages.
const path = "/l";

export const generateMetadata = (): Metadata => ({ title: message("reported.title") });

/** What to do after a report, in order. The same for everybody: it names no account. */
export default async function ReportedPage() {
  const session = (await readOrRedirect(readSession, path))?.id ?? "";
  const { appName, lifetimes, methods } = siteConfig();
  return (
    <SignedOutLayout appName={appName} title={message("reported.title")} session={session}>
      <FlashMessage flash={await readFlash(path)} />
      <p>{message("reported.lead", { lock: messages().exactDuration(lifetimes.methodsLock) })}</p>
      <ol className="steps" role="list">
        {methods.includes(passwordMethod.id) && (
          <li>
            <h2>{message("reported.password")}</h2>
            <p>{rich("reported.passwordText", { link: link("/password") })}</p>
          </li>
        )}
        <li>
          <h2>{message("reported.sessions")}</h2>
          <p>{rich("reported.sessionsText", { link: link("/account/sessions") })}</p>
        </li>
        <li>
          <h2>{message("reported.methods")}</h2>
          <p>{rich("reported.methodsText", { link: link("/account/methods") })}</p>
        </li>
        <li>
          <h2>{message("reported.mailbox")}</h2>
          <p>{message("reported.mailboxText")}</p>
        </li>
      </ol>
    </SignedOutLayout>
  );
}
