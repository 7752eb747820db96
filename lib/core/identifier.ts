import { domainToASCII, domainToUnicode } from "node:url";
import { bounds } from "./policy";

/** An email address in canonical form: one spelling for each mailbox (I1). */
export type Identifier = string & { readonly __brand: "identifier" };

// RFC 5322 dot-atom without `%`, `!`, `/`, `|` and the backtick: these are legal, but old relays
// interpret them as routes or commands.
const localPart = /^[A-Za-z0-9#$&'*+=?^_{}~-]+(\.[A-Za-z0-9#$&'*+=?^_{}~-]+)*$/;
const letters = /^[\p{L}\p{N}\p{M}.-]+$/u;
// Invisible letters (Hangul fillers, variation selectors), and the Kelvin sign, whose lower case is k.
const invisible = /[\p{Default_Ignorable_Code_Point}\u212a]/u;
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

// What people paste with an address and do not see: spaces of all kinds, zero-width and bidi marks.
const unseen = String.raw`\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cf}\u2800`;
// Without the look-behind the time would grow with the square of a run of such characters.
const unseenAtEnds = new RegExp(`^[${unseen}]+|(?<![${unseen}])[${unseen}]+$`, "gu");
const unseenInside = new RegExp(`(?!\\p{White_Space})[${unseen}\\p{Cc}]`, "u");

/**
 * Why a typed address is refused. The sentences are in `error.email_invalid`; `other`: it has another
 * form.
 */
export const addressProblems = [
  "invisible",
  "several",
  "space",
  "length",
  "dots",
  "letters",
  "signs",
  "domain",
  "other",
] as const;
export type AddressProblem = (typeof addressProblems)[number];

/**
 * Reads an address that a person typed or pasted: like `parseIdentifier`, without the invisible
 * characters at its ends. Otherwise the problem to tell; `missing` when nothing was typed.
 */
export function readTypedAddress(
  typed: string,
): { readonly identifier: Identifier } | { readonly problem: AddressProblem | "missing" } {
  const text = typed.replace(unseenAtEnds, "");
  if (!text) return { problem: "missing" };
  const identifier = parseIdentifier(text);
  return identifier ? { identifier } : { problem: problemOf(text) };
}

function problemOf(text: string): AddressProblem {
  const [local, domain, ...rest] = text.split("@");
  if (unseenInside.test(text)) return "invisible";
  if (rest.length > 0) return "several";
  if (!local || !domain) return "other";
  if (/\p{White_Space}/u.test(text)) return "space";
  if (text.length > bounds.emailLength || local.length > bounds.localPartLength) return "length";
  if (/^\.|\.\.|\.$|\.@|@\./.test(text)) return "dots";
  if (/[^\0-\x7f]/.test(local)) return "letters";
  if (!localPart.test(local)) return "signs";
  return domain.includes(".") ? "domain" : "other";
}

/**
 * Parses an email address: trims it, lower-cases it, and converts the domain to ASCII (IDNA). Null for
 * any text that a mail server could read as anything but one plain mailbox: control characters,
 * separators, quotes, angle brackets, comments, IP literals, a second @, zero-width or look-alike
 * characters, more than 254 octets in total or 64 before the @ (RFC 5321).
 */
export function parseIdentifier(typed: string): Identifier | null {
  // Without the look-behind the time would grow with the square of a run of spaces.
  const text = typed.replace(/^ +|(?<! ) +$/g, "");
  if (text.length > bounds.emailLength) return null;
  const [local, domain, ...rest] = text.split("@");
  if (!local || !domain || rest.length > 0) return null;
  if (local.length > bounds.localPartLength || !localPart.test(local)) return null;
  const ascii = asciiDomain(domain);
  const address = `${local.toLowerCase()}@${ascii}`;
  return ascii && address.length <= bounds.emailLength ? (address as Identifier) : null;
}

function asciiDomain(domain: string): string | null {
  // `domainToASCII` silently drops or maps soft hyphens, joiners, other dots and full-width forms.
  // Two different texts would become one address, so these are refused first.
  const lookalike = domain.normalize("NFC") !== domain.normalize("NFKC");
  if (lookalike || !letters.test(domain) || invisible.test(domain)) return null;
  const ascii = domainToASCII(domain);
  // Invalid Punycode: Node 24 returns it unchanged, Node 20 and 22 return "".
  if (/(^|\.)xn--/.test(domainToUnicode(ascii))) return null;
  // Any other mapping (a capital ß to ss) would result in a different owner's domain.
  const plain = domain.normalize("NFC").toLowerCase();
  if (
    plain !== ascii &&
    plain.normalize("NFC") !== domainToUnicode(ascii) &&
    !plain.includes("xn--")
  )
    return null;
  const labels = ascii.split(".");
  if (labels.length < 2 || !labels.every((part) => label.test(part))) return null;
  // With a last label of digits it would be an IP address (RFC 3696).
  return /^\d+$/.test(labels.at(-1) ?? "") ? null : ascii;
}

/** An address as shown to the holder of a link: enough to recognise, too little to use (L5). */
export const masked = (identifier: Identifier) => identifier.replace(/^(.).*@/, "$1**@");
