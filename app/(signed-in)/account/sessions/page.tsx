import type { Metadata } from "next";
import { Badge } from "@/app/_ui/badge";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Row, Rows } from "@/app/_ui/rows";
import { RelativeTime, Timestamp } from "@/app/timestamps";
import { words } from "@/app/words";
import { listSessions } from "@/lib/flows/sessions/list-sessions";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { AccountLayout } from "../account-layout";
import { signOutDevice } from "./actions";

const path = "/account/sessions";

export const metadata: Metadata = { title: words.account.sessions };

export default async function SessionsPage() {
  const sessions = await readOrRedirect(listSessions, path);
  return (
    <AccountLayout path={path} title={words.account.sessions}>
      <p>{words.account.sessionsLead}</p>
      <Rows>
        {sessions.map(({ id, browser, ip, method, createdAt, lastSeenAt, current }) => (
          <Row
            key={id}
            title={browser}
            badge={current && <Badge>{words.account.thisDevice}</Badge>}
            details={[
              ip ? <code key="ip">{ip}</code> : words.account.unknownIp,
              <span key="in">
                {words.account.signedInWith(method, words.account.providers[method] ?? method)},{" "}
                <Timestamp at={createdAt} />
              </span>,
              <span key="seen">
                {words.account.lastSeen} <RelativeTime at={lastSeenAt} />
              </span>,
            ]}
            action={
              <Form action={signOutDevice}>
                <input type="hidden" name="id" value={id} />
                <Button object={browser}>{words.account.signOut}</Button>
              </Form>
            }
          />
        ))}
      </Rows>
      {sessions.length > 1 && (
        <p>
          <a className="button button--danger" href="/account/sessions/sign-out-others">
            {words.account.signOutOthers}
          </a>
        </p>
      )}
    </AccountLayout>
  );
}
