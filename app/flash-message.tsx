import type { Flash, NoteCode } from "@/lib/web/flash";
import { message, messageOf, noteOf } from "@/lib/web/messages";
import { Alert } from "./_ui/note";

/** Of notes that are no good news. */
const tones: Partial<Record<NoteCode, "info" | "warn">> = {
  signed_out_meanwhile: "warn",
  suspended_action_cancelled: "info",
  suspended_action_lost: "warn",
};

/** What the last action on this page came to: its refusal, linked to the field it is about, or its note. */
export function FlashMessage({ flash: { refusal, note, provider } }: { flash: Flash }) {
  if (note) return <Alert tone={tones[note] ?? "ok"}>{noteOf(note, provider)}</Alert>;
  if (!refusal) return null;
  const text = messageOf(refusal);
  return (
    <Alert tone="danger" summary>
      <p>{refusal.field ? <a href={`#${refusal.field}`}>{text}</a> : text}</p>
    </Alert>
  );
}

/** The message for a field, when the refusal is about it. */
export const fieldError = ({ refusal }: Flash, field: string) =>
  refusal?.field === field ? messageOf(refusal) : undefined;

/** A page's title says when something went wrong, for those who hear it first. */
export const pageTitle = (title: string, { refusal }: Flash) =>
  refusal ? message("page.errorTitle", { title }) : title;
