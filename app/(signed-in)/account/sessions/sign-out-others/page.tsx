import type { Metadata } from "next";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { listSessions } from "@/lib/flows/sessions/list-sessions";
import { message } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { AccountLayout } from "../../account-layout";
import { signOutOthers } from "../actions";

export const generateMetadata = (): Metadata => ({
  title: message("sessions.signOutOthers"),
});

export default async function SignOutOthersPage() {
  const sessions = await readOrRedirect(listSessions, "/account/sessions");
  const others = sessions.length - 1;
  return (
    <AccountLayout path="/account/sessions" title={message("sessions.signOutOthers")}>
      <p>{message("sessions.signOutOthersLead", { others })}</p>
      {others > 0 && (
        <Form action={signOutOthers}>
          <Button variant="danger">{message("sessions.signOutOthers")}</Button>
        </Form>
      )}
      <StandaloneLink href="/account/sessions">
        {message(others > 0 ? "common.cancel" : "sessions.back")}
      </StandaloneLink>
    </AccountLayout>
  );
}
