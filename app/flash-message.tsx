import type { Flash, NoteCode } from "@/lib/web/flash";
import { message, messageOf, noteOf } from "@/lib/web/messages";
import { Alert } from "./_ui/note";

/** The tone of notices that are not good news. */
const tones: Partial<Record<NoteCode, "info" | "warn">> = {
  signed_out_meanwhile: "warn",
  suspended_action_cancelled: "info",
  suspended_action_lost: "warn",
};

/** The result of the last action on this page: its error, linked to the field, or its notice. */
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

/** The error of a field, if the refusal is about it. */
export const fieldError = ({ refusal }: Flash, field: string) =>
  refusal?.field === field ? messageOf(refusal) : undefined;

/** A page's title, which says first when the page shows an error: screen readers read it first. */
export const pageTitle = (title: string, { refusal }: Flash) =>
  refusal ? message("page.errorTitle", { title }) : title;
