import type { Metadata } from "next";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Row, Rows } from "@/app/_ui/rows";
import { Address, email } from "@/app/markup";
import { RelativeTime, Timestamp } from "@/app/timestamps";
import { days, seconds } from "@/lib/core/duration";
import { lifetimes } from "@/lib/core/policy";
import { readSession } from "@/lib/flows/sessions/read-session";
import { listLetters } from "@/lib/flows/staff/list-letters";
import { message, messages, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { StaffLayout } from "../staff-layout";
import { submitTestEmail } from "./actions";

const path = "/admin/mail";

export const generateMetadata = (): Metadata => ({ title: message("mail.title") });

export default async function MailPage() {
  const { count, oldestSeconds, queued, dead } = await readOrRedirect(listLetters, path);
  const session = await readOrRedirect(readSession, path);
  return (
    <StaffLayout path={path} navItem={path} title={message("mail.title")}>
      <Form action={submitTestEmail}>
        <p>{rich("mail.testLead", { address: session?.email ?? "", email })}</p>
        <Button>{message("mail.test")}</Button>
      </Form>
      <h2>{message("mail.waiting")}</h2>
      <p>
        {message("mail.queued", { count, duration: messages().wait(seconds(oldestSeconds)) })}{" "}
        {count > queued.length && message("mail.queuedFirst", { shown: String(queued.length) })}
      </p>
      <Rows>
        {queued.map(({ id, kind, to, attempts, createdAt, nextAttemptAt }) => (
          <Row
            key={id}
            level="h3"
            title={message(`mailbox.kind.${kind}`)}
            details={[
              <Address key="to">{to}</Address>,
              <RelativeTime key="at" at={createdAt} />,
              message("user.letterTries", { attempts }),
              rich("mail.next", { when: <Timestamp at={nextAttemptAt} /> }),
            ]}
          />
        ))}
      </Rows>
      <h2>{message("mail.dead", { days: lifetimes.finishedEmail / days(1) })}</h2>
      {dead.length === 0 && <p>{message("mail.noneDead")}</p>}
      <Rows>
        {dead.map(({ id, kind, to, reason, doneAt, createdAt }) => (
          <Row
            key={id}
            level="h3"
            title={message(`mailbox.kind.${kind}`)}
            details={[
              <Address key="to">{to}</Address>,
              ...(reason ? [message(`mailbox.reason.${reason}`)] : []),
              <RelativeTime key="at" at={doneAt ?? createdAt} />,
            ]}
          />
        ))}
      </Rows>
    </StaffLayout>
  );
}
