import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Alert } from "@/app/_ui/note";
import { email } from "@/app/markup";
import { Timestamp } from "@/app/timestamps";
import { readStaffEmailChange } from "@/lib/flows/staff-email-change/read-staff-email-change";
import { message, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { stopScheduledEmailChange } from "./profile/actions";

/** Tells the owner of a change of the address that staff have started, with a button that stops it (T2). */
export async function ScheduledEmailChange({ path }: { path: string }) {
  const change = await readOrRedirect(readStaffEmailChange, path);
  if (!change) return null;
  return (
    <Alert tone="warn" title={message("scheduledEmail.title")}>
      <p>
        {rich("scheduledEmail.text", {
          address: change.newEmail,
          when: <Timestamp at={change.at} />,
          email,
        })}
      </p>
      <Form action={stopScheduledEmailChange}>
        <Button>{message("stopEmail.submit")}</Button>
      </Form>
    </Alert>
  );
}
