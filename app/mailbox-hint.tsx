import { site } from "@/lib/web/site";
import { Note } from "./_ui/note";
import { words } from "./words";

/** On a machine of one's own mail goes nowhere: says where to look instead. */
export function MailboxHint() {
  if (!site().hasMailbox) return null;
  return (
    <Note tone="info">
      <p>
        {words.localMailbox} <a href="/mailbox">{words.openMailbox}</a>.
      </p>
    </Note>
  );
}
