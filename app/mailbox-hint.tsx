import { rich } from "@/lib/web/messages";
import { siteConfig } from "@/lib/web/site";
import { Alert } from "./_ui/note";
import { link } from "./markup";

/** On a machine of one's own mail goes nowhere: says where to look instead. */
export function MailboxHint() {
  if (!siteConfig().hasMailbox) return null;
  return (
    <Alert tone="info">
      <p>{rich("common.localMailbox", { link: link("/mailbox") })}</p>
    </Alert>
  );
}
