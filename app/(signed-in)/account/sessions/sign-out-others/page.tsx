import type { Metadata } from "next";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { words } from "@/app/words";
import { listSessions } from "@/lib/flows/sessions/list-sessions";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { AccountLayout } from "../../account-layout";
import { signOutOthers } from "../actions";

export const metadata: Metadata = { title: words.account.signOutOthers };

export default async function SignOutOthersPage() {
  const sessions = await readOrRedirect(listSessions, "/account/sessions");
  return (
    <AccountLayout path="/account/sessions" title={words.account.signOutOthers}>
      <p>{words.account.confirmOthers(sessions.length - 1)}</p>
      <Form action={signOutOthers}>
        <Button variant="danger">{words.account.signOutOthers}</Button>
      </Form>
      <p>
        <a href="/account/sessions">{words.account.cancel}</a>
      </p>
    </AccountLayout>
  );
}
