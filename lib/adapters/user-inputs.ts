/** Shorter texts occur in any password by chance. */
const MIN_LENGTH = 3;

/**
 * The texts that a user may build a password from: each known address or name, its parts, and the
 * parts joined. Lower case, longest first, at least `MIN_LENGTH` characters.
 */
export function userInputsFrom(known: readonly string[]): string[] {
  const inputs = new Set(known.flatMap((text) => inputsOf(text.normalize("NFKC").toLowerCase())));
  return [...inputs]
    .filter((input) => [...input].length >= MIN_LENGTH)
    .sort((a, b) => b.length - a.length);
}

function inputsOf(text: string): string[] {
  const at = text.lastIndexOf("@");
  if (at < 0) return [text, ...partsOf(text)];
  const domain = text.slice(at + 1);
  // Without the top-level domain, which many users share.
  const names = [text.slice(0, at), ...domain.split(".").slice(0, -1)];
  return [text, domain, ...names, ...names.flatMap(partsOf)];
}

function partsOf(name: string): string[] {
  const parts = name.split(/[^\p{L}\p{M}]+/u);
  return [parts.join(""), ...parts];
}
