import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { Badge } from "@/app/_ui/badge";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Row, Rows } from "@/app/_ui/rows";
import { Address } from "@/app/markup";
import { RelativeTime, Timestamp } from "@/app/timestamps";
import { listAccessLinks } from "@/lib/flows/access-links/list-access-links";
import { message, messages, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { sendAccessLink, voidAccessLink } from "../../actions";
import { ActPage } from "../act-page";
import { readShownUser } from "../read-shown-user";

export const generateMetadata = (): Metadata => ({ title: message("user.accessLinkTitle") });

export default async function SendAccessLinkPage({ params }: { params: Promise<{ id: string }> }) {
  const { user, mayAct } = await readShownUser((await params).id);
  if (!mayAct || user.role !== "member" || user.disabledAt) notFound();
  const path = `/admin/users/${user.id}/access-link`;
  const links = await readOrRedirect(listAccessLinks, path, { id: user.id });
  const { lifetimes } = siteConfig();
  return (
    <ActPage
      user={user}
      name="access-link"
      title={message("user.accessLinkTitle")}
      lead={message("user.accessLinkLead", {
        lifetime: messages().exactDuration(lifetimes.accessLink),
        session: messages().exactDuration(lifetimes.accessSession),
      })}
      action={sendAccessLink}
      after={
        links.length > 0 && (
          <>
            <h2>{message("user.openAccessLinks")}</h2>
            <Rows>
              {links.map(({ id, sentBy, sentAt, expiresAt, delivery }) => (
                <Row
                  key={id}
                  level="h3"
                  title={rich("user.accessLinkSent", { when: <RelativeTime at={sentAt} /> })}
                  badge={
                    <Badge tone={delivery === "sent" ? "ok" : "warn"}>
                      {message(`user.letter.${delivery}`)}
                    </Badge>
                  }
                  details={[
                    sentBy
                      ? rich("user.by", { address: <Address key="by">{sentBy}</Address> })
                      : message("user.byCommandLine"),
                    rich("user.accessLinkEnds", { when: <Timestamp at={expiresAt} /> }),
                  ]}
                  action={
                    <Form action={voidAccessLink}>
                      <input type="hidden" name="userId" value={user.id} />
                      <input type="hidden" name="id" value={id} />
                      <Button>{message("user.cancelAccessLink")}</Button>
                    </Form>
                  }
                />
              ))}
            </Rows>
          </>
        )
      }
    >
      <Button variant="primary">{message("user.sendAccessLink")}</Button>
    </ActPage>
  );
}
