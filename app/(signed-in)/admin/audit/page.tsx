import type { Metadata } from "next";
import { Badge } from "@/app/_ui/badge";
import { Button } from "@/app/_ui/button";
import { Field } from "@/app/_ui/field";
import { Filters } from "@/app/_ui/filters";
import { SearchForm } from "@/app/_ui/form";
import { Row, Rows } from "@/app/_ui/rows";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { PageLinks } from "@/app/page-links";
import { pathWith, type Query } from "@/app/path-with";
import { Address } from "@/app/markup";
import { Timestamp } from "@/app/timestamps";
import { bounds } from "@/lib/core/policy";
import { listAuditEvents } from "@/lib/flows/audit/list-audit-events";
import { deviceName, message, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { StaffLayout } from "../staff-layout";

const path = "/admin/audit";
const outcomes = ["ok", "refused"] as const;

export const generateMetadata = (): Metadata => ({ title: message("audit.title") });

const textOf = (value: string | string[] | undefined) => (typeof value === "string" ? value : "");

/** A user's address, or the id of one who was erased, as a link to the user's page. */
const User = ({ id, address }: { id: string; address: string | null }) =>
  address ? (
    <a href={`/admin/users/${id}`}>
      <Address>{address}</Address>
    </a>
  ) : (
    <code>
      <Address>{id}</Address>
    </code>
  );

export default async function AuditPage({ searchParams }: { searchParams: Promise<Query> }) {
  const { user, event, outcome, from, to, before } = await searchParams;
  const filter = { user, event, outcome, from, to };
  const query = { ...filter, before };
  const found = await readOrRedirect(listAuditEvents, pathWith(path, query), query);
  const hasFilter = Object.values(filter).some(Boolean);
  return (
    <StaffLayout path={path} navItem={path} title={message("audit.title")}>
      <SearchForm action={path}>
        <Field
          name="user"
          label={message("audit.user")}
          hint={message("audit.userHint")}
          defaultValue={textOf(user)}
          type="text"
          dir="ltr"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={bounds.emailLength}
        />
        <Field
          name="event"
          label={message("audit.event")}
          hint={message("audit.eventHint", { example: "password.sign_in" })}
          defaultValue={textOf(event)}
          type="text"
          dir="ltr"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={100}
        />
        <Field name="from" label={message("audit.from")} defaultValue={textOf(from)} type="date" />
        <Field name="to" label={message("audit.to")} defaultValue={textOf(to)} type="date" />
        {textOf(outcome) && <input type="hidden" name="outcome" value={textOf(outcome)} />}
        <Button>{message("users.submit")}</Button>
      </SearchForm>
      <Filters
        label={message("audit.outcome")}
        items={[undefined, ...outcomes].map((one) => ({
          href: pathWith(path, { ...filter, outcome: one }),
          text: message(`audit.outcome.${one ?? "all"}`),
          current: (one ?? "") === textOf(outcome),
        }))}
      />
      {found.from && <p>{rich("audit.since", { when: <Timestamp at={found.from} /> })}</p>}
      {found.events.length === 0 && <p>{message("audit.none")}</p>}
      <Rows>
        {found.events.map((one) => (
          <Row
            key={one.id}
            title={<code dir="ltr">{one.event}</code>}
            badge={one.outcome !== "ok" && <Badge tone="warn">{one.outcome}</Badge>}
            details={[
              <Timestamp key="at" at={one.at} />,
              ...(one.subjectId
                ? [
                    rich("audit.about", {
                      address: <User id={one.subjectId} address={one.subject} />,
                    }),
                  ]
                : []),
              ...(one.callerId && one.callerId !== one.subjectId
                ? [rich("user.by", { address: <User id={one.callerId} address={one.caller} /> })]
                : []),
              ...(one.staffId
                ? [
                    rich("audit.byAccessLink", {
                      address: <User id={one.staffId} address={one.staff} />,
                    }),
                  ]
                : []),
              ...(one.identifier && one.identifier !== one.subject
                ? [
                    rich("audit.typed", {
                      address: <Address key="typed">{one.identifier}</Address>,
                    }),
                  ]
                : []),
              one.browser ? deviceName(one.browser, "heading") : message("activity.unknownDevice"),
              one.ip ? (
                <code key="ip">
                  <Address>{one.ip}</Address>
                </code>
              ) : (
                message("sessions.unknownIp")
              ),
              ...(one.cause ? [message("user.eventCause", { cause: one.cause })] : []),
              ...(one.reason ? [message("user.eventReason", { reason: one.reason })] : []),
              rich("audit.request", {
                id: (
                  <code key="request">
                    <Address>{one.requestId}</Address>
                  </code>
                ),
              }),
            ]}
          />
        ))}
      </Rows>
      <PageLinks
        by="time"
        first={before === undefined ? null : pathWith(path, filter)}
        next={
          found.next === null ? null : pathWith(path, { ...filter, before: String(found.next) })
        }
      />
      {found.events.length > 0 && (
        <StandaloneLink href={pathWith(`${path}/export`, filter)} download="audit.json">
          {message("audit.download")}
        </StandaloneLink>
      )}
      {hasFilter && <StandaloneLink href={path}>{message("audit.clear")}</StandaloneLink>}
    </StaffLayout>
  );
}
