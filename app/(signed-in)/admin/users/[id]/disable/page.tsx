import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { Button } from "@/app/_ui/button";
import { message } from "@/lib/web/messages";
import { submitDisabling } from "../../actions";
import { ActPage } from "../act-page";
import { readShownUser } from "../read-shown-user";

export const generateMetadata = (): Metadata => ({ title: message("user.disableTitle") });

export default async function DisableUserPage({ params }: { params: Promise<{ id: string }> }) {
  const { user, mayAct } = await readShownUser((await params).id);
  if (!mayAct || user.disabledAt) notFound();
  return (
    <ActPage
      user={user}
      name="disable"
      title={message("user.disableTitle")}
      lead={message("user.disableLead")}
      action={submitDisabling}
    >
      <Button variant="danger">{message("user.disable")}</Button>
    </ActPage>
  );
}
