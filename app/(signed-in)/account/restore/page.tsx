import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { FlashMessage } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { email } from "@/app/markup";
import { Timestamp } from "@/app/timestamps";
import { readDeletion } from "@/lib/flows/deletion/read-deletion";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readFlash } from "@/lib/web/flash";
import { message, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { submitSignOut } from "../actions";
import { submitRestoration } from "./actions";

const path = "/account/restore";

export const generateMetadata = (): Metadata => ({ title: message("restoreAccount.title") });

/** All that a session shows whose account will be erased. */
export default async function RestorePage() {
  const { email: address, deletesAt } = await readOrRedirect(readDeletion, path);
  if (!deletesAt) redirect("/account");
  const session = await readOrRedirect(readSession, path);
  return (
    <SignedOutLayout
      appName={siteConfig().appName}
      title={message("restoreAccount.title")}
      session={session?.id ?? ""}
    >
      <FlashMessage flash={await readFlash(path)} />
      <p>{rich("restoreAccount.lead", { address, when: <Timestamp at={deletesAt} />, email })}</p>
      <Form action={submitRestoration}>
        <Button variant="primary">{message("restoreAccount.submit")}</Button>
      </Form>
      <Form action={submitSignOut}>
        <Button>{message("account.signOut")}</Button>
      </Form>
    </SignedOutLayout>
  );
}
