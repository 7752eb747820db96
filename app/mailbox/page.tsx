import "@/app/account.css";
import type { Metadata } from "next";
import { FlashMessage } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { Row, Rows } from "@/app/_ui/rows";
import { RelativeTime } from "@/app/timestamps";
import { words } from "@/app/words";
import { readMailbox } from "@/lib/flows/mailbox/read-mailbox";
import { readFlash } from "@/lib/web/flash";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { clearAllLimits } from "./actions";

const path = "/mailbox";

export const metadata: Metadata = { title: words.mailbox.title };

/** The letters of a machine that sends no mail (X1). */
export default async function MailboxPage() {
  const { sent, withheld } = await readOrRedirect(readMailbox, path);
  const { appName, origin } = siteConfig();
  return (
    <SignedOutLayout
      appName={appName}
      title={words.mailbox.title}
      footer={<a href="/sign-in">{words.mailbox.signIn}</a>}
    >
      <p>
        {words.mailbox.lead} <a href={path}>{words.mailbox.reload}</a>
      </p>
      <FlashMessage flash={await readFlash(path)} />
      {sent.length === 0 && <p>{words.mailbox.empty}</p>}
      {sent.map(({ id, to, subject, text, sentAt }) => (
        <article key={id} className="letter">
          <h2>{subject}</h2>
          <p className="hint">
            {words.mailbox.to} <strong>{to}</strong> · <RelativeTime at={new Date(sentAt)} />
          </p>
          <LetterText text={text} origin={origin} />
        </article>
      ))}
      <h2>{words.mailbox.withheld}</h2>
      <p>{withheld.length === 0 ? words.mailbox.noneWithheld : words.mailbox.withheldLead}</p>
      <Rows>
        {withheld.map(({ id, kind, to, reason, createdAt }) => (
          <Row
            key={id}
            title={words.mailbox.kinds[kind] ?? kind}
            details={[
              to,
              words.mailbox.reasons[reason ?? ""] ?? reason,
              <RelativeTime key="at" at={createdAt} />,
            ]}
          />
        ))}
      </Rows>
      <Form action={clearAllLimits}>
        <Button>{words.mailbox.clearLimits}</Button>
      </Form>
    </SignedOutLayout>
  );
}

/** A letter's text, with the links of our own made to press; nothing else becomes a link. */
function LetterText({ text, origin }: { text: string; origin: string }) {
  const parts = text.split(/(https?:\/\/\S+)/);
  return (
    <pre>
      {parts.map((part, at) =>
        part.startsWith(`${origin}/`) ? (
          <a key={at} href={part}>
            {part}
          </a>
        ) : (
          part
        ),
      )}
    </pre>
  );
}
