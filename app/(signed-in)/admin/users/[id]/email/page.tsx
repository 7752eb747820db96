import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { EmailField } from "@/app/email-field";
import { fieldError, pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Row, Rows } from "@/app/_ui/rows";
import { Address } from "@/app/markup";
import { Timestamp } from "@/app/timestamps";
import { readFlash } from "@/lib/web/flash";
import { message, messages, rich } from "@/lib/web/messages";
import { siteConfig } from "@/lib/web/site";
import { cancelEmailChange, startEmailChange } from "../../actions";
import { ActPage } from "../act-page";
import { readShownUser } from "../read-shown-user";

interface Props {
  params: Promise<{ id: string }>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { user } = await readShownUser((await params).id);
  const flash = await readFlash(`/admin/users/${user.id}/email`);
  return { title: pageTitle(message("user.changeEmailTitle"), flash) };
}

export default async function ChangeUserEmailPage({ params }: Props) {
  const { user, mayAct, emailChange } = await readShownUser((await params).id);
  if (!mayAct || user.role !== "member" || user.disabledAt) notFound();
  const { lifetimes } = siteConfig();
  const flash = await readFlash(`/admin/users/${user.id}/email`);
  return (
    <ActPage
      user={user}
      name="email"
      title={message("user.changeEmailTitle")}
      lead={message("user.changeEmailLead", {
        lifetime: messages().exactDuration(lifetimes.emailCode),
        notice: messages().exactDuration(lifetimes.emailChangeNotice),
      })}
      action={startEmailChange}
      fields={["email"]}
      after={
        emailChange && (
          <>
            <h2>{message("user.pendingEmailChange")}</h2>
            <Rows>
              <Row
                level="h3"
                title={<Address>{emailChange.newEmail}</Address>}
                details={[
                  emailChange.startedBy
                    ? rich("user.by", {
                        address: <Address key="by">{emailChange.startedBy}</Address>,
                      })
                    : message("user.emailChangeByCommandLine"),
                  rich(
                    emailChange.state === "requested"
                      ? "user.emailChangeRequested"
                      : "user.emailChangeScheduled",
                    { when: <Timestamp at={emailChange.at} /> },
                  ),
                ]}
                action={
                  <Form action={cancelEmailChange}>
                    <input type="hidden" name="id" value={user.id} />
                    <Button>{message("user.cancelEmailChange")}</Button>
                  </Form>
                }
              />
            </Rows>
          </>
        )
      }
    >
      <EmailField
        label={message("changeEmail.new")}
        error={fieldError(flash, "email")}
        defaultValue={flash.email}
        autoComplete="off"
      />
      <Button variant="primary">{message("user.startEmailChange")}</Button>
    </ActPage>
  );
}
