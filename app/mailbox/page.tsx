import "@/app/account.css";
import type { Metadata } from "next";
import { FlashMessage } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Disclosure } from "@/app/_ui/disclosure";
import { Form } from "@/app/_ui/form";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { Row, Rows } from "@/app/_ui/rows";
import { Address, email, link } from "@/app/markup";
import { RelativeTime } from "@/app/timestamps";
import { readMailbox } from "@/lib/flows/mailbox/read-mailbox";
import { readFlash } from "@/lib/web/flash";
import { message, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { clearAllLimits } from "./actions";

const path = "/mailbox";

export const generateMetadata = (): Metadata => ({ title: message("mailbox.title") });

/** The local mailbox: emails of a server that sends none (X1). */
export default async function MailboxPage() {
  const { sent, withheld } = await readOrRedirect(readMailbox, path);
  const { appName, origin } = siteConfig();
  return (
    <SignedOutLayout
      appName={appName}
      title={message("mailbox.title")}
      footer={<a href="/sign-in">{message("mailbox.signIn")}</a>}
    >
      <p>{rich("mailbox.lead", { link: link(path) })}</p>
      <FlashMessage flash={await readFlash(path)} />
      {sent.length === 0 && <p>{message("mailbox.empty")}</p>}
      {sent.map(({ id, to, subject, text, sentAt }) => (
        <article key={id} className="letter">
          <h2>{subject}</h2>
          <p className="hint">
            {rich("mailbox.to", {
              address: to,
              when: <RelativeTime at={new Date(sentAt)} />,
              email,
            })}
          </p>
          <LetterText text={text} origin={origin} />
          <Disclosure summary={message("mailbox.html")}>
            <iframe
              src={`/api/mailbox/${id}`}
              title={message("mailbox.frame", { subject })}
              sandbox="allow-popups allow-popups-to-escape-sandbox"
              loading="lazy"
            />
          </Disclosure>
        </article>
      ))}
      <h2>{message("mailbox.withheld")}</h2>
      <p>{message(withheld.length === 0 ? "mailbox.noneWithheld" : "mailbox.withheldLead")}</p>
      <Rows>
        {withheld.map(({ id, kind, to, reason, createdAt }) => (
          <Row
            key={id}
            title={message(`mailbox.kind.${kind}`)}
            details={[
              <Address key="to">{to}</Address>,
              reason && message(`mailbox.reason.${reason}`),
              <RelativeTime key="at" at={createdAt} />,
            ]}
          />
        ))}
      </Rows>
      <Form action={clearAllLimits}>
        <Button>{message("mailbox.clearLimits")}</Button>
      </Form>
    </SignedOutLayout>
  );
}

/** An email's text, in which links to this server are links. */
function LetterText({ text, origin }: { text: string; origin: string }) {
  const parts = text.split(/(https?:\/\/\S+)/);
  return (
    <pre>
      {parts.map((part, at) =>
        part.startsWith(`${origin}/`) ? (
          <a key={at} href={part} dir="ltr">
            {part}
          </a>
        ) : (
          part
        ),
      )}
    </pre>
  );
}
