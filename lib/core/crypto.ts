import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomBytes,
  randomInt,
  timingSafeEqual,
} from "node:crypto";
import { bounds } from "./policy";

/** What a token is for. Part of its digest, so that a token of one kind never matches another kind. */
export type TokenUse =
  | "session"
  | "magic_link"
  | "sign_up"
  | "password_reset"
  | "step_up"
  | "email_change"
  | "email_undo"
  | "deletion_undo"
  | "sign_in_report"
  | "setup"
  | "access_link"
  | "staff_email_change"
  | "email_change_stop"
  | "oauth_attempt"
  | "pending_identity"
  | "requesting_browser"
  | "device";

export interface SecretGenerator {
  /** 256 random bits as 43 characters of base64url. */
  token(): string;
  /** Six random digits, with leading zeros. */
  code(): string;
}

export const random: SecretGenerator = {
  token: () => randomBytes(bounds.tokenBytes).toString("base64url"),
  code: () => String(randomInt(10 ** bounds.codeDigits)).padStart(bounds.codeDigits, "0"),
};

const tokenShape = /^[A-Za-z0-9_-]{43}$/;

/** Whether a value has the form of our tokens. Nothing else is looked up. */
export const isToken = (text: unknown): text is string =>
  typeof text === "string" && tokenShape.test(text);

/**
 * The stored form of a token. A plain SHA-256 is enough for 256 random bits. It needs no key, so
 * rotating keys ends no session (X8).
 */
export const digest = (use: TokenUse, token: string) =>
  createHash("sha256").update(`${use}:${token}`).digest("base64url");

/** The current key, which signs and encrypts, and the previous one, which is still accepted (X8). */
export type Key = readonly [current: string, ...previous: string[]];

/** HMAC-SHA-256, for what can be guessed: codes, and addresses and IPs in limit keys. */
export const keyedHash = (key: string, use: string, text: string) =>
  createHmac("sha256", key).update(`${use}:${text}`).digest("base64url");

/**
 * A token that is derived from another one: the same each time, and nothing that the other one or a
 * stored digest reveals without the key.
 */
export const derivedToken = (key: Key, use: TokenUse, from: string) =>
  keyedHash(key[0], `derived ${use}`, from);

/** A key for one purpose only: what it encrypts cannot be passed off as what another key encrypted. */
export const derivedKey = ([current, ...previous]: Key, purpose: string): Key => {
  const derive = (key: string) => keyedHash(key, "derived key", purpose);
  return [derive(current), ...previous.map(derive)];
};

/** Whether two hashes are equal, in a time that does not depend on where they differ. */
export const constantTimeEqual = (a: string, b: string) =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/** Encrypts and authenticates a text: AES-256-GCM with a random nonce. */
export function seal(key: Key, text: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", Buffer.from(key[0], "base64url"), nonce);
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64url");
}

/** Decrypts a result of `seal` with the current or the previous key. Throws on anything else. */
export function unseal(key: Key, sealed: string): string {
  const bytes = Buffer.from(sealed, "base64url");
  for (const candidate of key) {
    const decipher = createDecipheriv(
      "aes-256-gcm",
      Buffer.from(candidate, "base64url"),
      bytes.subarray(0, 12),
      // Otherwise a tag of four bytes would be accepted, which can be guessed.
      { authTagLength: 16 },
    ).setAuthTag(bytes.subarray(12, 28));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString(
        "utf8",
      );
    } catch {
      // The tag does not match this key; the previous one is tried next.
    }
  }
  throw new Error("A sealed text matches neither the current nor the previous key.");
}
