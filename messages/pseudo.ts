import { IntlMessageFormat } from "intl-messageformat";

type Element = ReturnType<IntlMessageFormat["getAst"]>[number];

/** What a pseudo-language makes of an English text and of a whole English message. */
interface PseudoLanguage {
  readonly text: (text: string) => string;
  readonly whole: readonly [before: string, after: string];
}

const plain = "AaBbCcDdEeFfGgHhIiJjKkLlMmNnOoPpQqRrSsTtUuVvWwXxYyZz";
const accented = [..."ÅåƁƀÇçÐðÉéƑƒĜĝĤĥÎîĴĵĶķĻļṀɱÑñÖöÞþɊɋŔŕŠšŢţÛûṼṽŴŵẊẋÝýŽž"];
const accents = new Map([...plain].map((letter, at) => [letter, accented[at]!]));

const embedding = ["\u202e", "\u202c"] as const;

export const pseudoLanguages = {
  /** Shows text that is in no catalogue, and text that has too little space: vowels are doubled. */
  "en-XA": {
    text: (text) =>
      text
        .replace(/[aeiou]/gi, (vowel) => vowel + vowel.toLowerCase())
        .replace(/[A-Za-z]/g, (letter) => accents.get(letter)!),
    whole: ["[", "]"],
  },
  /** Shows what is not ready for languages written from right to left: every word is turned around. */
  "ar-XB": {
    text: (text) => text.replace(/\p{L}[\p{L}’]*/gu, (word) => embedding.join(word)),
    whole: ["\u200f", "\u200f"],
  },
} as const satisfies Record<string, PseudoLanguage>;

/** A message in a pseudo-language: the literal text is changed, slots and tags stay. */
export function pseudoMessage(english: string, { text, whole }: PseudoLanguage): IntlMessageFormat {
  const change = (elements: readonly Element[]): Element[] =>
    elements.map((element) => {
      if (isLiteral(element)) return { ...element, value: text(element.value) };
      if ("children" in element) return { ...element, children: change(element.children) };
      if (!("options" in element)) return element;
      const options = Object.entries(element.options).map(([name, option]) => [
        name,
        { ...option, value: change(option.value) },
      ]);
      return { ...element, options: Object.fromEntries(options) as never };
    });
  const [before, after] = whole.map((value) => ({ type: 0, value }) as Element);
  const elements = new IntlMessageFormat(english, "en").getAst();
  return new IntlMessageFormat([before!, ...change(elements), after!], "en");
}

const isLiteral = (element: Element): element is Extract<Element, { type: 0 }> =>
  element.type === 0;
