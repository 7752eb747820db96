import { createElement } from "react";
import { render, toPlainText } from "react-email";
import type { Letter } from "@/lib/core/letters";
import { messagesIn } from "@/messages";
import { contentsOf } from "./content";
import type { LetterFacts } from "./facts";
import { LetterTemplate } from "./letter";

export interface LetterContent {
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

/** Renders a letter: its subject, and one content as HTML and as text. */
export async function renderLetter(letter: Letter, facts: LetterFacts): Promise<LetterContent> {
  const contents = contentsOf(letter, facts);
  const messages = messagesIn(facts.locale);
  const html = await render(
    createElement(LetterTemplate, { contents, messages, supportEmail: facts.supportEmail }),
  );
  return { subject: contents.subject, html, text: toPlainText(html, typedValues) };
}

// Headings would be shouted otherwise.
const typedValues = { selectors: [{ selector: "h1", options: { uppercase: false } }] };
