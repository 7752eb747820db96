import { domainToASCII, domainToUnicode } from "node:url";
import { bounds } from "./policy";

/** An e-mail address as compared and stored: one spelling for each mailbox (I1). */
export type Identifier = string & { readonly __brand: "identifier" };

// RFC 5322 dot-atom without `%`, `!`, `/`, `|` and the backtick: they are legal, but old relays
// read them as routes or commands, and no mailbox people sign in with has them.
const localPart = /^[A-Za-z0-9#$&'*+=?^_{}~-]+(\.[A-Za-z0-9#$&'*+=?^_{}~-]+)*$/;
const letters = /^[\p{L}\p{N}\p{M}.-]+$/u;
// Letters that show nothing (Hangul fillers, variation selectors), and the Kelvin sign, which
// lower-cases to a plain k.
const invisible = /[\p{Default_Ignorable_Code_Point}\u212a]/u;
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Reads what a person typed as an address: trimmed, lower-cased, the domain in IDNA's ASCII form.
 * Null for anything a mail server could read as more or other than one plain mailbox: control
 * characters, separators, quotes, angle brackets, comments, IP literals, a second @, zero-width
 * or look-alike characters, more than 254 octets (64 before the @).
 */
export function parseIdentifier(typed: string): Identifier | null {
  // Each run of spaces is read once: without the look-behind, as often as it is long.
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
  // `domainToASCII` quietly drops or maps soft hyphens, joiners, other dots and full-width forms,
  // which would make two texts one address; so these are refused before it sees them.
  const lookalike = domain.normalize("NFC") !== domain.normalize("NFKC");
  if (lookalike || !letters.test(domain) || invisible.test(domain)) return null;
  const ascii = domainToASCII(domain);
  // Punycode that encodes nothing: Node 24 returns it as it is, where Node 20 and 22 return "".
  if (/(^|\.)xn--/.test(domainToUnicode(ascii))) return null;
  // Whatever it still maps to other letters (a capital ß to ss) would be somebody else's domain.
  const plain = domain.normalize("NFC").toLowerCase();
  if (
    plain !== ascii &&
    plain.normalize("NFC") !== domainToUnicode(ascii) &&
    !plain.includes("xn--")
  )
    return null;
  const labels = ascii.split(".");
  if (labels.length < 2 || !labels.every((part) => label.test(part))) return null;
  // An all-digit last label would make it an IP address (RFC 3696).
  return /^\d+$/.test(labels.at(-1) ?? "") ? null : ascii;
}

/** An address as shown to whoever holds a link: enough to recognise, too little to copy (L5). */
export const masked = (identifier: Identifier) => identifier.replace(/^(.).*@/, "$1**@");
