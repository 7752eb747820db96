import { oauthProviders } from "@/lib/core/oauth-providers";
import { sentenceOf } from "@/lib/core/result";
import type { Flash, NoteCode } from "@/lib/web/flash";
import { Alert } from "./_ui/note";
import { words } from "./words";

/** Of notes that are no good news. */
const tones: Partial<Record<NoteCode, "info" | "warn">> = {
  signed_out_meanwhile: "warn",
  suspended_action_cancelled: "info",
  suspended_action_lost: "warn",
};

/** What the last action on this page came to: its refusal, linked to the field it is about, or its note. */
export function FlashMessage({ flash: { refusal, note, provider } }: { flash: Flash }) {
  const name = provider ? oauthProviders[provider].name : "";
  if (note)
    return (
      <Alert tone={tones[note] ?? "ok"}>{words.notes[note].replace("{provider}", name)}</Alert>
    );
  if (!refusal) return null;
  const sentence = sentenceOf(refusal);
  return (
    <Alert tone="danger" summary>
      <p>{refusal.field ? <a href={`#${refusal.field}`}>{sentence}</a> : sentence}</p>
    </Alert>
  );
}

/** The sentence for a field, when the refusal is about it. */
export const fieldError = ({ refusal }: Flash, field: string) =>
  refusal?.field === field ? sentenceOf(refusal) : undefined;

/** A page's title says when something went wrong, for those who hear it first. */
export const pageTitle = (title: string, { refusal }: Flash) =>
  refusal ? words.errorTitle(title) : title;
