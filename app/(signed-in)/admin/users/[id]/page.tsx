import type { Metadata } from "next";
import { Badge } from "@/app/_ui/badge";
import { ButtonLink } from "@/app/_ui/button";
import { DefinitionList } from "@/app/_ui/definition-list";
import { Row, Rows } from "@/app/_ui/rows";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { piecesOfStored } from "@/app/_methods";
import { PageLinks } from "@/app/page-links";
import { pathWith, type Query } from "@/app/path-with";
import { Address, AddressHeading } from "@/app/markup";
import { RelativeTime, Timestamp } from "@/app/timestamps";
import { days } from "@/lib/core/duration";
import { lifetimes } from "@/lib/core/policy";
import { deviceName, eventName, message, rich } from "@/lib/web/messages";
import { StaffLayout } from "../../staff-layout";
import { readShownUser } from "./read-shown-user";

interface Props {
  params: Promise<{ id: string }>;
  searchParams: Promise<Query>;
}

export async function generateMetadata({ params, searchParams }: Props): Promise<Metadata> {
  const { user } = await readShownUser((await params).id, (await searchParams).before);
  return { title: user.email };
}

const Ip = ({ ip }: { ip: string | null }) =>
  ip ? (
    <code>
      <Address>{ip}</Address>
    </code>
  ) : (
    message("sessions.unknownIp")
  );

export default async function UserPage({ params, searchParams }: Props) {
  const { id } = await params;
  const { before } = await searchParams;
  const shown = await readShownUser(id, before);
  const { user, methods, sessions, letters, events, next, mayAct, mayChangeRole, isOwn } = shown;
  const { emailChange } = shown;
  const path = `/admin/users/${user.id}`;
  return (
    <StaffLayout
      path={path}
      navItem="/admin/users"
      title={<AddressHeading>{user.email}</AddressHeading>}
    >
      <DefinitionList
        items={[
          {
            term: message("user.status"),
            value: user.disabledAt
              ? rich("user.disabledSince", { when: <Timestamp at={user.disabledAt} /> })
              : user.deletesAt
                ? rich("user.deletesOn", { when: <Timestamp at={user.deletesAt} /> })
                : message("user.active"),
          },
          { term: message("user.role"), value: message(`staff.role.${user.role}`) },
          {
            term: message("user.verified"),
            value: user.emailVerifiedAt ? (
              <Timestamp at={user.emailVerifiedAt} />
            ) : (
              message("user.notVerified")
            ),
          },
          ...(emailChange
            ? [
                {
                  term: message("user.pendingEmailChange"),
                  value: <Address>{emailChange.newEmail}</Address>,
                },
              ]
            : []),
          { term: message("user.created"), value: <Timestamp at={user.createdAt} /> },
          { term: message("user.id"), value: <code dir="ltr">{user.id}</code> },
        ]}
      />
      {mayAct ? (
        <p className="actions">
          {user.role === "member" && !user.disabledAt && !user.deletesAt && (
            <>
              <ButtonLink href={`${path}/access-link`}>{message("user.sendAccessLink")}</ButtonLink>
              <ButtonLink href={`${path}/email`}>{message("user.changeEmail")}</ButtonLink>
            </>
          )}
          <ButtonLink href={`${path}/sign-out`}>{message("user.revokeSessions")}</ButtonLink>
          {mayChangeRole && (
            <ButtonLink href={`${path}/role`}>{message("user.changeRole")}</ButtonLink>
          )}
          {user.disabledAt ? (
            <ButtonLink href={`${path}/enable`}>{message("user.enable")}</ButtonLink>
          ) : (
            <ButtonLink variant="danger" href={`${path}/disable`}>
              {message("user.disable")}
            </ButtonLink>
          )}
        </p>
      ) : (
        <p>{message(isOwn ? "user.own" : "user.staffOnly")}</p>
      )}
      <h2>{message("methods.title")}</h2>
      {methods.length === 0 && <p>{message("user.noMethods")}</p>}
      <Rows>
        {methods.map(({ provider, address, createdAt, lastUsedAt, isUsable }) => (
          <Row
            key={provider}
            level="h3"
            title={piecesOfStored(provider).name()}
            badge={!isUsable && <Badge tone="warn">{message("user.methodUnusable")}</Badge>}
            details={[
              ...(address ? [<Address key="address">{address}</Address>] : []),
              rich("methods.added", { when: <Timestamp at={createdAt} /> }),
              lastUsedAt
                ? rich("methods.lastUsed", { when: <RelativeTime at={lastUsedAt} /> })
                : message("methods.notUsed"),
            ]}
          />
        ))}
      </Rows>
      <h2>{message("sessions.title")}</h2>
      {sessions.length === 0 && <p>{message("user.noSessions")}</p>}
      <Rows>
        {sessions.map(({ id: sessionId, browser, ip, method, createdAt, lastSeenAt }) => (
          <Row
            key={sessionId}
            level="h3"
            title={deviceName(browser, "heading")}
            details={[
              <Ip key="ip" ip={ip} />,
              piecesOfStored(method).signedIn(<Timestamp at={createdAt} />),
              rich("sessions.lastSeen", { when: <RelativeTime at={lastSeenAt} /> }),
            ]}
          />
        ))}
      </Rows>
      <h2>{message("user.letters", { days: lifetimes.finishedEmail / days(1) })}</h2>
      {letters.length === 0 && <p>{message("user.noLetters")}</p>}
      <Rows>
        {letters.map(({ id: letterId, kind, state, reason, attempts, createdAt }) => (
          <Row
            key={letterId}
            level="h3"
            title={message(`mailbox.kind.${kind}`)}
            badge={
              <Badge tone={state === "sent" ? "ok" : "warn"}>
                {message(`user.letter.${state}`)}
              </Badge>
            }
            details={[
              <RelativeTime key="at" at={createdAt} />,
              ...(reason ? [message(`mailbox.reason.${reason}`)] : []),
              ...(state === "queued" ? [message("user.letterTries", { attempts })] : []),
            ]}
          />
        ))}
      </Rows>
      <h2>{message("user.events")}</h2>
      <Rows>
        {events.map(({ id: eventId, at, event, outcome, cause, browser, ip, by, reason }) => (
          <Row
            key={eventId}
            level="h3"
            title={eventName(event)}
            badge={outcome !== "ok" && <Badge tone="warn">{outcome}</Badge>}
            details={[
              <Timestamp key="at" at={at} />,
              ...(by ? [rich("user.by", { address: <Address key="by">{by}</Address> })] : []),
              browser ? deviceName(browser, "heading") : message("activity.unknownDevice"),
              <Ip key="ip" ip={ip} />,
              ...(cause ? [message("user.eventCause", { cause })] : []),
              ...(reason ? [message("user.eventReason", { reason })] : []),
            ]}
          />
        ))}
      </Rows>
      <PageLinks
        by="time"
        first={before === undefined ? null : path}
        next={next === null ? null : pathWith(path, { before: String(next) })}
      />
      <StandaloneLink href="/admin/users">{message("users.back")}</StandaloneLink>
    </StaffLayout>
  );
}
