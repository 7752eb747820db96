import type { ZxcvbnFactory } from "@zxcvbn-ts/core";
import { bounds } from "@/lib/core/policy";
import type { RefusalCode } from "@/lib/core/errors";
import { userInputsFrom } from "./user-inputs";

let dictionaries: Promise<ZxcvbnFactory> | undefined;

/**
 * Why a password can be guessed with fewer than `bounds.guesses` guesses, null when it cannot.
 * `password_personal`: from the user's own data in `known`. `password_common`: from zxcvbn's lists of
 * passwords, words and keyboard patterns. Sends no request.
 */
export async function findWeakness(
  password: string,
  known: readonly string[],
): Promise<Extract<RefusalCode, "password_personal" | "password_common"> | null> {
  const zxcvbn = await (dictionaries ??= loadDictionaries());
  const userInputs = userInputsFrom(known);
  const whole = password.toLowerCase();
  const rest = userInputs.reduce((text, input) => text.replaceAll(input, ""), whole);
  const { guesses, sequence } = zxcvbn.check(password, userInputs);
  if (guesses < bounds.guesses) {
    // zxcvbn finds user inputs that are reversed or have digits, but does not name repeated ones.
    const own = sequence.some(({ dictionaryName }) => dictionaryName === "userInputs");
    return own || rest.length <= whole.length / 2 ? "password_personal" : "password_common";
  }
  // zxcvbn overestimates several user inputs in a row, so the rest without them must be strong, too.
  const dependsOnInputs = rest !== whole && zxcvbn.check(rest).guesses < bounds.guesses;
  return dependsOnInputs ? "password_personal" : null;
}

/** Loaded at the first use: takes time and memory, and few requests choose a password. */
async function loadDictionaries() {
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import("@zxcvbn-ts/core"),
    import("@zxcvbn-ts/language-common"),
    import("@zxcvbn-ts/language-en"),
  ]);
  // The 89,000 surnames need as much memory as the rest; common ones are among the passwords.
  const { "lastnames-en": _, ...lists } = english.dictionary;
  return new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...lists },
    graphs: common.adjacencyGraphs,
    maxLength: bounds.strengthLength,
    l33tMaxSubstitutions: bounds.strengthSubstitutions,
  });
}
