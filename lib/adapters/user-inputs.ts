/** Shorter ones are in every password by chance. */
const MIN_LENGTH = 3;

/**
 * What others know of a person or a place, as a password could be made of it: each address or name
 * as it is, its parts, and these joined. Lower case, the longest first, none under 3 characters.
 */
export function userInputsFrom(known: readonly string[]): string[] {
  const words = new Set(known.flatMap((text) => wordsIn(text.normalize("NFKC").toLowerCase())));
  return [...words]
    .filter((word) => [...word].length >= MIN_LENGTH)
    .sort((a, b) => b.length - a.length);
}

function wordsIn(text: string): string[] {
  const at = text.lastIndexOf("@");
  if (at < 0) return [text, ...partsOf(text)];
  const domain = text.slice(at + 1);
  // The last label says nothing of anybody.
  const names = [text.slice(0, at), ...domain.split(".").slice(0, -1)];
  return [text, domain, ...names, ...names.flatMap(partsOf)];
}

function partsOf(name: string): string[] {
  const parts = name.split(/[^\p{L}\p{M}]+/u);
  return [parts.join(""), ...parts];
}
