import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { Button } from "@/app/_ui/button";
import { message } from "@/lib/web/messages";
import { submitUserSignOut } from "../../actions";
import { ActPage } from "../act-page";
import { readShownUser } from "../read-shown-user";

export const generateMetadata = (): Metadata => ({ title: message("user.revokeSessionsTitle") });

export default async function SignUserOutPage({ params }: { params: Promise<{ id: string }> }) {
  const { user, sessions, mayAct } = await readShownUser((await params).id);
  if (!mayAct) notFound();
  return (
    <ActPage
      user={user}
      name="sign-out"
      title={message("user.revokeSessionsTitle")}
      lead={message("user.revokeSessionsLead", { count: sessions.length })}
      action={submitUserSignOut}
    >
      <Button variant="danger">{message("user.revokeSessions")}</Button>
    </ActPage>
  );
}
