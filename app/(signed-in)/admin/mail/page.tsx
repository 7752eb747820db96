import type { Metadata } from "next";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Row, Rows } from "@/app/_ui/rows";
import { Address, email } from "@/app/markup";
import { PageLinks } from "@/app/page-links";
import { pathWith, type Query } from "@/app/path-with";
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

export default async function MailPage({ searchParams }: { searchParams: Promise<Query> }) {
  const { queuedAfter, deadAfter } = await searchParams;
  const query = { queuedAfter, deadAfter };
  const { count, oldestSeconds, queued, queuedNext, dead, deadNext } = await readOrRedirect(
    listLetters,
    pathWith(path, query),
    query,
  );
  const session = await readOrRedirect(readSession, path);
  return (
    <StaffLayout path={path} navItem={path} title={message("mail.title")}>
      <Form action={submitTestEmail}>
        <p>{rich("mail.testLead", { address: session?.email ?? "", email })}</p>
        <Button>{message("mail.test")}</Button>
      </Form>
      <h2>{message("mail.waiting")}</h2>
      <p>{message("mail.queued", { count, duration: messages().wait(seconds(oldestSeconds)) })}</p>
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
      <PageLinks
        first={queuedAfter === undefined ? null : pathWith(path, { deadAfter })}
        next={queuedNext && pathWith(path, { deadAfter, queuedAfter: queuedNext })}
      />
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
      <PageLinks
        by="time"
        first={deadAfter === undefined ? null : pathWith(path, { queuedAfter })}
        next={deadNext && pathWith(path, { queuedAfter, deadAfter: deadNext })}
      />
    </StaffLayout>
  );
}
