import type { Metadata } from "next";
import { Button } from "@/app/_ui/button";
import { Field } from "@/app/_ui/field";
import { Form } from "@/app/_ui/form";
import { Row, Rows } from "@/app/_ui/rows";
import { fieldError } from "@/app/flash-message";
import { Address, object } from "@/app/markup";
import { PageLinks } from "@/app/page-links";
import { pathWith, type Query } from "@/app/path-with";
import { Timestamp } from "@/app/timestamps";
import { bounds, lifetimes } from "@/lib/core/policy";
import { listInvitations } from "@/lib/flows/staff/list-invitations";
import { readFlash } from "@/lib/web/flash";
import { message, messages, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { StaffLayout } from "../staff-layout";
import { submitInvitation, submitInvitationCancellation } from "./actions";

const path = "/admin/invitations";

export const generateMetadata = (): Metadata => ({ title: message("invitations.title") });

export default async function InvitationsPage({ searchParams }: { searchParams: Promise<Query> }) {
  const { after } = await searchParams;
  const query = { after };
  const { invitations, next } = await readOrRedirect(listInvitations, pathWith(path, query), query);
  const flash = await readFlash(path);
  return (
    <StaffLayout path={path} navItem={path} title={message("invitations.title")} fields={["email"]}>
      <p>
        {message("invitations.lead", { lifetime: messages().exactDuration(lifetimes.invitation) })}
      </p>
      <Form action={submitInvitation}>
        <Field
          name="email"
          label={message("common.email")}
          error={fieldError(flash, "email")}
          type="text"
          dir="ltr"
          inputMode="email"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={bounds.emailLength}
        />
        <Button variant="primary">{message("invitations.submit")}</Button>
      </Form>
      <h2>{message("invitations.open")}</h2>
      {invitations.length === 0 && <p>{message("invitations.none")}</p>}
      <Rows>
        {invitations.map(({ id, email, expiresAt, by }) => (
          <Row
            key={id}
            level="h3"
            title={<Address>{email}</Address>}
            details={[
              ...(by ? [rich("user.by", { address: <Address key="by">{by}</Address> })] : []),
              rich("pendingSignUps.until", { when: <Timestamp at={expiresAt} /> }),
            ]}
            action={
              <Form action={submitInvitationCancellation}>
                <input type="hidden" name="id" value={id} />
                <Button>{rich("invitations.cancel", { address: email, object })}</Button>
              </Form>
            }
          />
        ))}
      </Rows>
      <PageLinks
        first={after === undefined ? null : path}
        next={next && pathWith(path, { after: next })}
      />
    </StaffLayout>
  );
}
