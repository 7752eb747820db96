import type { Metadata } from "next";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { words } from "@/app/words";
import { AccountFrame } from "../../frame";
import { dropPassword } from "../actions";

const here = "/account/password/remove";

export const metadata: Metadata = { title: words.account.removePasswordTitle };

export default function RemovePasswordPage() {
  return (
    <AccountFrame here={here} title={words.account.removePasswordTitle}>
      <p>{words.account.removePasswordLead}</p>
      <Form action={dropPassword}>
        <Button variant="danger">{words.account.removePasswordSubmit}</Button>
      </Form>
      <p>
        <a href="/account/methods">{words.account.cancel}</a>
      </p>
    </AccountFrame>
  );
}
