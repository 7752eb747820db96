import type { Metadata } from "next";
import { Badge } from "@/app/_ui/badge";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Alert } from "@/app/_ui/note";
import { Filters } from "@/app/_ui/filters";
import { Row, Rows } from "@/app/_ui/rows";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { Address, object } from "@/app/markup";
import { TimeOfDay } from "@/app/timestamps";
import { signInEvents, staffEvents } from "@/lib/core/activity";
import { listActivity } from "@/lib/flows/activity/list-activity";
import { deviceName, eventName, message, messages, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { now, siteConfig } from "@/lib/web/site";
import { timeZone } from "@/lib/web/time-zone";
import { PageLinks } from "@/app/page-links";
import { pathWith, type Query } from "@/app/path-with";
import { AccountLayout } from "../account-layout";
import { submitSessionReport } from "./actions";

const path = "/account/activity";
const filters = ["sign_ins", "changes", "refused"] as const;

export const generateMetadata = (): Metadata => ({ title: message("activity.title") });

interface Props {
  searchParams: Promise<Query>;
}

export default async function ActivityPage({ searchParams }: Props) {
  const { show, before, report } = await searchParams;
  const here = pathWith(path, { show, before });
  const { events, next } = await readOrRedirect(listActivity, here, { show, before });
  const zone = await timeZone();
  const { lifetimes } = siteConfig();
  const earliest = now().getTime() - lifetimes.signInReport * 1000;
  const isReportable = ({ event, outcome, at }: (typeof events)[number]) =>
    outcome === "ok" && signInEvents.includes(event) && at.getTime() > earliest;
  const reported = events.find((event) => String(event.id) === report && isReportable(event));
  const shown = events.map((event) => ({ ...event, canReport: isReportable(event) }));
  const days = new Map<string, typeof shown>();
  for (const event of shown) {
    const day = messages().day(event.at, zone);
    days.set(day, [...(days.get(day) ?? []), event]);
  }
  return (
    <AccountLayout path={here} navItem={path} title={message("activity.title")}>
      <p>
        {rich("activity.lead", {
          methods: (chunks) => <a href="/account/methods">{chunks}</a>,
          sessions: (chunks) => <a href="/account/sessions">{chunks}</a>,
        })}
      </p>
      {reported && (
        <Alert tone="warn" title={message("report.title")}>
          <p>
            {message("activity.reportText", {
              event: eventName(reported.event),
              device: deviceName(reported.browser ?? "", "sentence"),
              when: messages().time(reported.at, zone),
              lock: messages().exactDuration(lifetimes.methodsLock),
            })}
          </p>
          <Form action={submitSessionReport}>
            <input type="hidden" name="event" value={reported.id} />
            <Button variant="danger">{message("report.submit")}</Button>
          </Form>
          <StandaloneLink href={here}>{message("common.cancel")}</StandaloneLink>
        </Alert>
      )}
      <Filters
        label={message("activity.filter")}
        items={[undefined, ...filters].map((one) => ({
          href: pathWith(path, { show: one }),
          text: message(`activity.show.${one ?? "all"}`),
          current: one === show,
        }))}
      />
      {events.length === 0 && <p>{message("activity.none")}</p>}
      {[...days].map(([day, ofDay]) => (
        <section key={day}>
          <h2>{day}</h2>
          <Rows>
            {ofDay.map(({ id, at, event, outcome, browser, ip, canReport }) => (
              <Row
                key={id}
                level="h3"
                action={
                  canReport && (
                    <StandaloneLink href={pathWith(path, { show, before, report: String(id) })}>
                      {rich("activity.report", {
                        event: eventName(event),
                        when: messages().timeOfDay(at, zone),
                        object,
                      })}
                    </StandaloneLink>
                  )
                }
                title={eventName(event)}
                badge={outcome !== "ok" && <Badge>{message("activity.refused")}</Badge>}
                details={[
                  <TimeOfDay key="at" at={at} />,
                  ...(staffEvents.includes(event)
                    ? []
                    : [
                        browser
                          ? deviceName(browser, "heading")
                          : message("activity.unknownDevice"),
                        ip ? (
                          <code key="ip">
                            <Address>{ip}</Address>
                          </code>
                        ) : (
                          message("sessions.unknownIp")
                        ),
                      ]),
                ]}
              />
            ))}
          </Rows>
        </section>
      ))}
      <PageLinks
        by="time"
        first={before === undefined ? null : pathWith(path, { show })}
        next={next === null ? null : pathWith(path, { show, before: String(next) })}
      />
      {events.length > 0 && (
        <StandaloneLink href="/api/v1/activity/export" download="activity.json">
          {message("activity.download")}
        </StandaloneLink>
      )}
    </AccountLayout>
  );
}
