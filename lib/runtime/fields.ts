import { z } from "zod";
import { type Identifier, readTypedAddress } from "@/lib/core/identifier";
import { bounds } from "@/lib/core/policy";
import { parseTimeZone } from "@/lib/core/time-zone";
import type { RefusalCode } from "@/lib/core/errors";
import { isOAuthMethodId } from "@/lib/methods";

/** The input fields of flows. An invalid field is refused with the code that its schema names. */

/** What the fields refuse, beside `invalid_input`. */
export const fieldRefusals = z.registry<{ readonly codes: readonly RefusalCode[] }>();

const errorCode = (code: RefusalCode) => ({ error: code });

/** A typed email address in canonical form. Refuses `email_missing`, and `email_invalid` with its problem. */
export const email = z.string(errorCode("email_missing")).transform((typed, issues): Identifier => {
  const read = readTypedAddress(typed);
  if ("identifier" in read) return read.identifier;
  const { problem } = read;
  const message: RefusalCode = problem === "missing" ? "email_missing" : "email_invalid";
  issues.addIssue({ code: "custom", message, params: { problem } });
  return z.NEVER;
});
fieldRefusals.add(email, { codes: ["email_missing", "email_invalid"] });

/**
 * What a user wants to be called, with single spaces; null when it is empty. Control characters, and marks
 * that turn the direction of the text after them, are refused: a name stands within sentences. Refuses
 * `name_too_long`, `name_invalid`.
 */
export const personName = z
  .string(errorCode("name_invalid"))
  .max(bounds.fieldLength, errorCode("name_too_long"))
  .refine(
    (typed) => !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(typed),
    errorCode("name_invalid"),
  )
  .transform((typed) => typed.normalize("NFC").replace(/\s+/gu, " ").trim())
  .refine((name) => [...name].length <= bounds.nameLength, errorCode("name_too_long"))
  .transform((name) => name || null);
fieldRefusals.add(personName, { codes: ["name_too_long", "name_invalid"] });

/** A time zone by its IANA name; null when it is empty: that of the browser. Refuses `time_zone_invalid`. */
export const timeZone = z.string(errorCode("time_zone_invalid")).transform((name, issues) => {
  if (name === "") return null;
  const parsed = parseTimeZone(name);
  if (parsed !== null) return parsed;
  issues.addIssue({ code: "custom", message: "time_zone_invalid" satisfies RefusalCode });
  return z.NEVER;
});
fieldRefusals.add(timeZone, { codes: ["time_zone_invalid"] });

/** The id of an event of the audit log, as a program or a link says it. */
export const activityCursor = z
  .string()
  .regex(/^[1-9]\d{0,14}$/)
  .transform(Number);

/**
 * The address that a user enters to show that they know it. Null when it is empty or invalid: the flow
 * refuses it like any other wrong address.
 */
export const optionalEmail = z
  .string()
  .max(bounds.fieldLength)
  .optional()
  .transform((typed) => {
    const read = readTypedAddress(typed ?? "");
    return "identifier" in read ? read.identifier : null;
  });

/**
 * An emailed code. Removes spaces and hyphens, and accepts full-width digits and those of any script.
 * Refuses `code_malformed`.
 */
export const code = z
  .string(errorCode("code_malformed"))
  .max(bounds.codeInputLength, errorCode("code_malformed"))
  .transform((typed, issues) => {
    const digits = asciiDigits(typed).replace(
      /[\s\p{Default_Ignorable_Code_Point}\p{Cf}\p{Pd}]/gu,
      "",
    );
    if (new RegExp(`^\\d{${bounds.codeDigits}}$`).test(digits)) return digits;
    issues.addIssue({ code: "custom", message: "code_malformed" satisfies RefusalCode });
    return z.NEVER;
  });
fieldRefusals.add(code, { codes: ["code_malformed"] });

/** Converts the decimal digits of any script to 0–9. In Unicode the ten digits of a script are adjacent. */
function asciiDigits(text: string) {
  return text.normalize("NFKC").replace(/\p{Nd}/gu, (digit) => {
    let before = 0;
    while (/\p{Nd}/u.test(String.fromCodePoint(digit.codePointAt(0)! - before - 1))) before += 1;
    return String(before % 10);
  });
}

/**
 * A password, normalized to NFKC because keyboards encode the same characters differently; otherwise
 * unchanged, with its spaces (P6). Refuses `password_missing`, `password_too_long`, and
 * `invalid_input` for lone surrogates.
 */
export const password = z
  .string(errorCode("password_missing"))
  .min(1, errorCode("password_missing"))
  .max(4 * bounds.passwordMaxLength, errorCode("password_too_long"))
  // UTF-8 encodes every lone surrogate as the same character.
  .refine((typed) => !/\p{Cs}/u.test(typed), errorCode("invalid_input"))
  .transform((typed) => typed.normalize("NFKC"))
  .refine((typed) => [...typed].length <= bounds.passwordMaxLength, errorCode("password_too_long"));
fieldRefusals.add(password, { codes: ["password_missing", "password_too_long"] });

/** The password once more, from forms without script, which cannot show what was entered. */
export const confirmPassword = z.string().optional();
// By `passwordsMatch`.
fieldRefusals.add(confirmPassword, { codes: ["passwords_do_not_match"] });

/** For `superRefine` on an input with both fields. Refuses `passwords_do_not_match`. */
export function passwordsMatch(
  { password, confirmPassword }: { password: string; confirmPassword?: string | undefined },
  issues: z.core.$RefinementCtx,
): void {
  if (confirmPassword === undefined || confirmPassword.normalize("NFKC") === password) return;
  const message: RefusalCode = "passwords_do_not_match";
  issues.addIssue({ code: "custom", message, path: ["confirmPassword"] });
}

/** A token of a link or a cookie. The flow refuses an invalid one. */
export const token = z.string().max(bounds.fieldLength);

/** A checkbox: "on" or absent in forms, a boolean in JSON. */
export const checkbox = z
  .union([z.literal("on"), z.boolean()])
  .optional()
  .transform((ticked) => ticked === "on" || ticked === true);

/** The return path, as printable ASCII. `safeNext` in `lib/web` checks it before each redirect. */
export const next = z
  .string()
  .max(bounds.nextLength)
  .regex(/^[\x21-\x7e]*$/)
  .optional()
  .default("");

/** The id of a row. Refuses any other text as `not_found`, like an id without a row. */
export const uuid = z.uuid(errorCode("not_found"));
fieldRefusals.add(uuid, { codes: ["not_found"] });

/** The id of a row that a list or a page has given. Refuses any other text as `invalid_input`. */
export const rowId = z.uuid();

/** Why staff do something to another person's account. Refuses `reason_missing`, `reason_too_long`. */
export const reason = z
  .string(errorCode("reason_missing"))
  .max(bounds.reasonLength, errorCode("reason_too_long"))
  // Half a character cannot be stored, nor NUL; and a list shows a reason on one line.
  .refine((typed) => !/\p{Cs}/u.test(typed), errorCode("invalid_input"))
  .transform((typed) => typed.replace(/[\p{Cc}\s]+/gu, " ").trim())
  .refine((typed) => typed !== "", errorCode("reason_missing"));
fieldRefusals.add(reason, { codes: ["reason_missing", "reason_too_long"] });

/** The name of an OAuth provider. Refuses `not_found`. */
export const provider = z.string(errorCode("not_found")).transform((id, issues) => {
  if (isOAuthMethodId(id)) return id;
  issues.addIssue({ code: "custom", message: "not_found" satisfies RefusalCode });
  return z.NEVER;
});
fieldRefusals.add(provider, { codes: ["not_found"] });
