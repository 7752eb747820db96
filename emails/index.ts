import { createElement } from "react";
import { render, toPlainText } from "react-email";
import type { Letter } from "@/lib/letters";
import { SignIn, signInFacts } from "./sign-in";
import type { LetterFacts } from "./facts";

export interface LetterContent {
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

/** Renders a letter: its subject, and one content as HTML and as text. Every kind has its template. */
export async function renderLetter(letter: Letter, facts: LetterFacts): Promise<LetterContent> {
  const { subject, element } = templateOf(letter, facts);
  const html = await render(element);
  return { subject, html, text: toPlainText(html) };
}

function templateOf(letter: Letter, facts: LetterFacts) {
  switch (letter.kind) {
    case "magic_link":
    case "sign_up_link":
      return {
        subject: `Sign in to ${facts.appName}`,
        element: createElement(SignIn, signInFacts(letter, facts)),
      };
  }
}
