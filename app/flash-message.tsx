import { oauthProviders } from "@/lib/core/oauth-providers";
import { sentenceOf } from "@/lib/core/result";
import type { Flash, NoteCode } from "@/lib/web/flash";
import { Note } from "./_ui/note";
import { words } from "./words";

/** Of notes that are no good news. */
const tones: Partial<Record<NoteCode, "info" | "warn">> = {
  signed_out_meanwhile: "warn",
  interruption_cancelled: "info",
  interruption_lost: "warn",
};

/** What the last action on this page came to: its refusal, linked to the field it is about, or its note. */
export function AnswerNote({ flash: { refusal, note, provider } }: { flash: Flash }) {
  const name = provider ? oauthProviders[provider].name : "";
  if (note)
    return <Note tone={tones[note] ?? "ok"}>{words.notes[note].replace("{provider}", name)}</Note>;
  if (!refusal) return null;
  const sentence = sentenceOf(refusal);
  return (
    <Note tone="danger" summary>
      <p>{refusal.field ? <a href={`#${refusal.field}`}>{sentence}</a> : sentence}</p>
    </Note>
  );
}

/** The sentence for a field, when the refusal is about it. */
export const errorFor = ({ refusal }: Flash, field: string) =>
  refusal?.field === field ? sentenceOf(refusal) : undefined;

/** A page's title says when something went wrong, for those who hear it first. */
export const titleFor = (title: string, { refusal }: Flash) =>
  refusal ? words.errorTitle(title) : title;
