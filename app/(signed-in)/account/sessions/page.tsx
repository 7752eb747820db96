import type { Metadata } from "next";
import { Badge } from "@/app/_ui/badge";
import { Button, ButtonLink } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Row, Rows } from "@/app/_ui/rows";
import { Address, object } from "@/app/markup";
import { piecesOfStored } from "@/app/_methods";
import { RelativeTime, Timestamp } from "@/app/timestamps";
import { listSessions } from "@/lib/flows/sessions/list-sessions";
import { deviceName, message, messages, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { AccountLayout } from "../account-layout";
import { signOutDevice } from "./actions";

const path = "/account/sessions";

export const generateMetadata = (): Metadata => ({ title: message("sessions.title") });

export default async function SessionsPage() {
  const sessions = await readOrRedirect(listSessions, path);
  return (
    <AccountLayout path={path} title={message("sessions.title")}>
      <p>{message("sessions.lead")}</p>
      <Rows>
        {sessions.map(({ id, browser, ip, country, method, createdAt, lastSeenAt, current }) => (
          <Row
            key={id}
            title={deviceName(browser, "heading")}
            badge={current && <Badge>{message("sessions.thisDevice")}</Badge>}
            details={[
              ip ? (
                <code key="ip">
                  <Address>{ip}</Address>
                </code>
              ) : (
                message("sessions.unknownIp")
              ),
              ...(country ? [messages().country(country) ?? country] : []),
              piecesOfStored(method).signedIn(<Timestamp at={createdAt} />),
              rich("sessions.lastSeen", { when: <RelativeTime at={lastSeenAt} /> }),
            ]}
            action={
              <Form action={signOutDevice}>
                <input type="hidden" name="id" value={id} />
                <Button>
                  {rich("sessions.signOut", { device: deviceName(browser, "sentence"), object })}
                </Button>
              </Form>
            }
          />
        ))}
      </Rows>
      {sessions.length > 1 && (
        <p>
          <ButtonLink variant="danger" href="/account/sessions/sign-out-others">
            {message("sessions.signOutOthers")}
          </ButtonLink>
        </p>
      )}
    </AccountLayout>
  );
}
