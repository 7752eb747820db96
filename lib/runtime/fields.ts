import { z } from "zod";
import { type Identifier, parseIdentifier } from "@/lib/core/identifier";
import { bounds } from "@/lib/core/policy";
import type { RefusalCode } from "@/lib/core/errors";
import { isOAuthMethodId } from "@/lib/methods";

/** The fields forms and programs send, each with the refusal it earns when it is wrong. */

const errorCode = (code: RefusalCode) => ({ error: code });

/** An e-mail address, read into its canonical form. Refuses `email_missing`, `email_invalid`. */
export const email = z.string(errorCode("email_missing")).transform((typed, issues): Identifier => {
  const identifier = parseIdentifier(typed);
  if (identifier) return identifier;
  const message: RefusalCode = typed.trim() ? "email_invalid" : "email_missing";
  issues.addIssue({ code: "custom", message });
  return z.NEVER;
});

/**
 * The address typed to prove that one knows it: empty or unreadable is simply not it, and the
 * flow says so without telling which.
 */
export const optionalEmail = z
  .string()
  .max(1_000)
  .optional()
  .transform((typed) => parseIdentifier(typed ?? ""));

/**
 * A code as people type and paste it: spaces, hyphens, full-width and other scripts' digits are
 * read as what they mean. Refuses `code_malformed`.
 */
export const code = z
  .string(errorCode("code_malformed"))
  .max(64, errorCode("code_malformed"))
  .transform((typed, issues) => {
    const digits = asciiDigits(typed).replace(/[\s\u200b-\u200f\u2060-]/g, "");
    if (new RegExp(`^\\d{${bounds.codeDigits}}$`).test(digits)) return digits;
    issues.addIssue({ code: "custom", message: "code_malformed" satisfies RefusalCode });
    return z.NEVER;
  });

/** Each decimal digit of any script as 0–9: Unicode keeps the ten of a script in a row, some scripts side by side. */
function asciiDigits(text: string) {
  return text.normalize("NFKC").replace(/\p{Nd}/gu, (digit) => {
    let before = 0;
    while (/\p{Nd}/u.test(String.fromCodePoint(digit.codePointAt(0)! - before - 1))) before += 1;
    return String(before % 10);
  });
}

/**
 * A password as it is compared: NFKC, so that the same keys on another machine are the same
 * password, and otherwise as typed, spaces and all (P6). Refuses `password_missing`,
 * `password_too_long`.
 */
export const password = z
  .string(errorCode("password_missing"))
  .min(1, errorCode("password_missing"))
  .max(4 * bounds.passwordMaxLength, errorCode("password_too_long"))
  // Half a character would become another on its way to be hashed.
  .refine((typed) => !/\p{Cs}/u.test(typed), errorCode("invalid_input"))
  .transform((typed) => typed.normalize("NFKC"))
  .refine((typed) => [...typed].length <= bounds.passwordMaxLength, errorCode("password_too_long"));

/** The same once more, from a form without script, where nobody can look at what they typed. */
export const confirmPassword = z.string().optional();

/** For `superRefine`, on an input with both: refuses `passwords_do_not_match`. */
export function passwordsMatch(
  { password, confirmPassword }: { password: string; confirmPassword?: string | undefined },
  issues: z.core.$RefinementCtx,
): void {
  if (confirmPassword === undefined || confirmPassword.normalize("NFKC") === password) return;
  const message: RefusalCode = "passwords_do_not_match";
  issues.addIssue({ code: "custom", message, path: ["confirmPassword"] });
}

/** A token of ours, from a link or a cookie. A wrong one is told by the flow. */
export const token = z.string().max(1_000);

/** A checkbox: in forms its word when ticked and absent when not, in JSON a boolean. */
export const checkbox = z
  .union([z.literal("on"), z.boolean()])
  .optional()
  .transform((ticked) => ticked === "on" || ticked === true);

/**
 * Where to go afterwards. What is no plain text of a URL is not kept; whether it may be gone to is
 * judged where it is used, by `web/redirects`.
 */
export const next = z
  .string()
  .max(bounds.nextLength)
  .regex(/^[\x21-\x7e]*$/)
  .optional()
  .default("");

/** The id of a row of one's own. Another form of text is nobody's row: `not_found`. */
export const uuid = z.uuid(errorCode("not_found"));

/** One of the providers people come by; another name is nobody's: `not_found`. */
export const provider = z.string(errorCode("not_found")).transform((id, issues) => {
  if (isOAuthMethodId(id)) return id;
  issues.addIssue({ code: "custom", message: "not_found" satisfies RefusalCode });
  return z.NEVER;
});
