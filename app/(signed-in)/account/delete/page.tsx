import type { Metadata } from "next";
import { fieldError, pageTitle } from "@/app/flash-message";
import { EmailField } from "@/app/email-field";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { link } from "@/app/markup";
import { readProfile } from "@/lib/flows/profile/read-profile";
import { readFlash } from "@/lib/web/flash";
import { message, messages, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { AccountLayout } from "../account-layout";
import { submitDeletion } from "./actions";

const path = "/account/delete";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(message("deleteAccount.title"), await readFlash(path)) };
}

export default async function DeleteAccountPage() {
  await readOrRedirect(readProfile, path);
  const flash = await readFlash(path);
  const lifetime = messages().exactDuration(siteConfig().lifetimes.deletion);
  return (
    <AccountLayout path={path} title={message("deleteAccount.title")} fields={["email"]}>
      <p>{message("deleteAccount.lead", { lifetime })}</p>
      <ul className="list">
        <li>{message("deleteAccount.goes.profile")}</li>
        <li>{message("deleteAccount.goes.records")}</li>
        <li>{message("deleteAccount.goes.activity")}</li>
      </ul>
      <p>{message("deleteAccount.free")}</p>
      <h2>{message("deleteAccount.exportTitle")}</h2>
      <p>{rich("deleteAccount.export", { link: link("/account/export") })}</p>
      <h2>{message("deleteAccount.formTitle")}</h2>
      <Form action={submitDeletion}>
        <EmailField
          hint={message("deleteAccount.emailHint")}
          error={fieldError(flash, "email")}
          defaultValue={flash.email}
          autoComplete="off"
        />
        <Button variant="danger">{message("deleteAccount.submit")}</Button>
      </Form>
    </AccountLayout>
  );
}
