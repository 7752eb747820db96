import type { Flash, NoteCode } from "@/lib/web/flash";
import { message, messageOf, noteOf } from "@/lib/web/messages";
import { Alert } from "./_ui/note";
import { withBreaks } from "./markup";

/** The tone of notices that are not good news. */
const tones: Partial<Record<NoteCode, "info" | "warn">> = {
  signed_out_meanwhile: "warn",
  already_signed_in: "info",
  sign_in_had_ended: "warn",
  suspended_action_cancelled: "info",
  suspended_action_lost: "warn",
};

interface Props {
  readonly flash: Flash;
  /** The fields of the page that show their own error, which is then not said here, too. */
  readonly fields?: readonly string[] | undefined;
}

/** The result of the last action on this page: its notice, or its error where no field shows it. */
export function FlashMessage({ flash: { refusal, note, provider }, fields = [] }: Props) {
  if (note)
    return (
      <Alert tone={tones[note] ?? "ok"}>
        <p>{withBreaks(noteOf(note, provider))}</p>
      </Alert>
    );
  if (!refusal || (refusal.field && fields.includes(refusal.field))) return null;
  return (
    <Alert tone="danger" summary>
      <p>{withBreaks(messageOf(refusal))}</p>
    </Alert>
  );
}

/** The error of a field, if the refusal is about it. */
export const fieldError = ({ refusal }: Flash, field: string) =>
  refusal?.field === field ? messageOf(refusal) : undefined;

/** A page's title, which says first when the page shows an error: screen readers read it first. */
export const pageTitle = (title: string, { refusal }: Flash) =>
  refusal ? message("page.errorTitle", { title }) : title;
