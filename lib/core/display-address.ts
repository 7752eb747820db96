import { domainToUnicode } from "node:url";
import { parseIdentifier } from "./identifier";

/**
 * An address as people read it: an international domain in its own letters where no other domain looks
 * like it, and in ASCII (Punycode) otherwise. Any other text is returned unchanged. What is shown reads
 * as the same address when it is typed.
 */
export function displayAddress(address: string): string {
  const at = address.lastIndexOf("@");
  const domain = address.slice(at + 1);
  if (at < 0 || !domain.includes("xn--")) return address;
  const unicode = domainToUnicode(domain);
  const shown = `${address.slice(0, at)}@${unicode}`;
  const isSafe = unicode.split(".").every((label) => safeLabels.some((one) => one.test(label)));
  return isSafe && (isMasked(address) || parseIdentifier(shown) === address) ? shown : address;
}

/** An address that `masked` has shortened: `parseIdentifier` refuses its local part. */
const isMasked = (address: string) => /^.\*\*@/.test(address);

/**
 * The labels that cannot be taken for another one: of one script, without the letters that look like
 * ASCII. Latin without dotless i, long s and their like. Of Cyrillic and Greek, which share most letters
 * with Latin, at least one letter must be their own. Scripts that are not listed stay in ASCII.
 */
const safeLabels: readonly RegExp[] = [
  /^[a-z0-9-]+$/,
  /^[a-z0-9\u00df-\u00f6\u00f8-\u0130\u0132-\u0137\u0139-\u013f\u0141-\u0148\u014a-\u017e-]+$/,
  /^(?=.*[бгджзийлфцчшщъыэюяђљњћџґ])[а-яёђ-џґ0-9-]+$/,
  /^(?=.*[βγδζθλμξπσφψω])[ά-ώ0-9-]+$/,
  ...["Arabic", "Hebrew", "Thai", "Devanagari", "Georgian"].map(
    (script) => new RegExp(`^[\\p{Script=${script}}0-9-]+$`, "u"),
  ),
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u30fc0-9-]+$/u,
  /^[\p{Script=Han}\p{Script=Hangul}0-9-]+$/u,
];
