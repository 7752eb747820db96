import type { ZxcvbnFactory } from "@zxcvbn-ts/core";
import { bounds } from "@/lib/core/policy";
import type { RefusalCode } from "@/lib/core/errors";
import { userInputsFrom } from "./user-inputs";

let dictionaries: Promise<ZxcvbnFactory> | undefined;

/**
 * How somebody who knows what everybody chooses, and these words of the person, would guess a
 * password within `bounds.guesses`; null when they would not. By zxcvbn's lists of passwords, words
 * and keys that lie side by side, which come with it: nobody is asked.
 */
export async function findWeakness(
  password: string,
  known: readonly string[],
): Promise<Extract<RefusalCode, "password_personal" | "password_common"> | null> {
  const zxcvbn = await (dictionaries ??= loadDictionaries());
  const words = userInputsFrom(known);
  const whole = password.toLowerCase();
  const rest = words.reduce((left, word) => left.replaceAll(word, ""), whole);
  const { guesses, sequence } = zxcvbn.check(password, words);
  if (guesses < bounds.guesses) {
    // Own words written backwards or with digits are zxcvbn's to find; repeated ones it does not name.
    const own = sequence.some(({ dictionaryName }) => dictionaryName === "userInputs");
    return own || rest.length <= whole.length / 2 ? "password_personal" : "password_common";
  }
  // Several own words in a row look like many guesses to it, so what is left without them counts too.
  const carried = rest !== whole && zxcvbn.check(rest).guesses < bounds.guesses;
  return carried ? "password_personal" : null;
}

/** At the first weighing, because it takes a moment and some MB, and most days nobody chooses one. */
async function loadDictionaries() {
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import("@zxcvbn-ts/core"),
    import("@zxcvbn-ts/language-common"),
    import("@zxcvbn-ts/language-en"),
  ]);
  // 89,000 surnames take as much memory as all else; those people choose are among the passwords.
  const { "lastnames-en": _, ...lists } = english.dictionary;
  return new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...lists },
    graphs: common.adjacencyGraphs,
    maxLength: bounds.strengthLength,
    l33tMaxSubstitutions: bounds.strengthSubstitutions,
  });
}
