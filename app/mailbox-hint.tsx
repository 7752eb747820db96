import { rich } from "@/lib/web/messages";
import { siteConfig } from "@/lib/web/site";
import { Alert } from "./_ui/note";
import { link } from "./markup";

/** Points to the local mailbox where no email is sent. */
export function MailboxHint() {
  if (!siteConfig().hasMailbox) return null;
  return (
    <Alert tone="info">
      <p>{rich("common.localMailbox", { link: link("/mailbox") })}</p>
    </Alert>
  );
}
