import type { Metadata } from "next";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Row, Rows } from "@/app/_ui/rows";
import { Address, object } from "@/app/markup";
import { PageLinks } from "@/app/page-links";
import { pathWith, type Query } from "@/app/path-with";
import { RelativeTime, Timestamp } from "@/app/timestamps";
import { listPendingSignUps } from "@/lib/flows/staff/list-pending-sign-ups";
import { deviceName, message, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { StaffLayout } from "../staff-layout";
import { resendSignUp } from "./actions";

const path = "/admin/sign-ups";

export const generateMetadata = (): Metadata => ({ title: message("pendingSignUps.title") });

export default async function PendingSignUpsPage({
  searchParams,
}: {
  searchParams: Promise<Query>;
}) {
  const { after } = await searchParams;
  const query = { after };
  const { signUps, next } = await readOrRedirect(listPendingSignUps, pathWith(path, query), query);
  return (
    <StaffLayout path={path} navItem={path} title={message("pendingSignUps.title")}>
      <p>{message("pendingSignUps.lead")}</p>
      {signUps.length === 0 && <p>{message("pendingSignUps.none")}</p>}
      <Rows>
        {signUps.map(({ id, email, browser, attempts, createdAt, expiresAt, letter }) => (
          <Row
            key={id}
            title={<Address>{email}</Address>}
            details={[
              rich("pendingSignUps.requested", { when: <RelativeTime at={createdAt} /> }),
              deviceName(browser, "heading"),
              message("pendingSignUps.letter", { state: letter ?? "other" }),
              message("pendingSignUps.tries", { attempts }),
              rich("pendingSignUps.until", { when: <Timestamp at={expiresAt} /> }),
            ]}
            action={
              <Form action={resendSignUp}>
                <input type="hidden" name="id" value={id} />
                <Button>{rich("pendingSignUps.resend", { address: email, object })}</Button>
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
