import { compile } from "html-to-text";
import { createElement } from "react";
import { plainTextSelectors, render } from "react-email";
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
  return { subject: contents.subject, html, text: toText(html) };
}

/** As `toPlainText` of react-email, which prepares its rules for each email: most of what it costs. */
const toText = compile({
  wordwrap: false,
  selectors: [
    ...plainTextSelectors,
    // Headings would be shouted otherwise.
    { selector: "h1", options: { uppercase: false } },
  ],
});
