import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { Button } from "@/app/_ui/button";
import { message } from "@/lib/web/messages";
import { submitEnabling } from "../../actions";
import { ActPage } from "../act-page";
import { readShownUser } from "../read-shown-user";

export const generateMetadata = (): Metadata => ({ title: message("user.enableTitle") });

export default async function EnableUserPage({ params }: { params: Promise<{ id: string }> }) {
  const { user, mayAct } = await readShownUser((await params).id);
  if (!mayAct || !user.disabledAt) notFound();
  return (
    <ActPage
      user={user}
      name="enable"
      title={message("user.enableTitle")}
      lead={message("user.enableLead")}
      action={submitEnabling}
    >
      <Button variant="primary">{message("user.enable")}</Button>
    </ActPage>
  );
}
