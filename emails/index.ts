import { createElement } from "react";
import { render, toPlainText } from "react-email";
import type { Letter } from "@/lib/core/letters";
import type { LetterFacts } from "./facts";
import { LetterTemplate } from "./letter";
import { wordsOf } from "./words";

export interface LetterContent {
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

/** Renders a letter: its subject, and one content as HTML and as text. Every kind has its words. */
export async function renderLetter(letter: Letter, facts: LetterFacts): Promise<LetterContent> {
  const words = wordsOf(letter, facts);
  const html = await render(
    createElement(LetterTemplate, { words, supportEmail: facts.supportEmail }),
  );
  return { subject: words.subject, html, text: toPlainText(html, typedValues) };
}

// Headings would be shouted otherwise.
const typedValues = { selectors: [{ selector: "h1", options: { uppercase: false } }] };
