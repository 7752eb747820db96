import { siteConfig } from "@/lib/web/site";
import { Alert } from "./_ui/note";
import { words } from "./words";

/** On a machine of one's own mail goes nowhere: says where to look instead. */
export function MailboxHint() {
  if (!siteConfig().hasMailbox) return null;
  return (
    <Alert tone="info">
      <p>
        {words.localMailbox} <a href="/mailbox">{words.openMailbox}</a>.
      </p>
    </Alert>
  );
}
