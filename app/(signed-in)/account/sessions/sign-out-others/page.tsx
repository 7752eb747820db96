import type { Metadata } from "next";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
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
  return (
    <AccountLayout path="/account/sessions" title={message("sessions.signOutOthers")}>
      <p>{message("sessions.signOutOthersLead", { others: sessions.length - 1 })}</p>
      <Form action={signOutOthers}>
        <Button variant="danger">{message("sessions.signOutOthers")}</Button>
      </Form>
      <p>
        <a href="/account/sessions">{message("common.cancel")}</a>
      </p>
    </AccountLayout>
  );
}
