import { z } from "zod";
import { bounds } from "@/lib/core/policy";

/** The page that a flash is for. Without the token of a token page, which must not be in its cookie. */
export const flashPageOf = (path: string): string => path.split("?")[0]!.replace(/^\/l\/.*/, "/l");

/** A flash as the value of its cookie. */
export const encodeFlash = (flash: object): string =>
  Buffer.from(JSON.stringify(flash)).toString("base64url");

/** The content of the flash cookie, as yet unchecked; null for any other value. */
export function decodeFlash(value: string | null): unknown {
  try {
    return JSON.parse(Buffer.from(value ?? "", "base64url").toString("utf8"));
  } catch {
    return null;
  }
}

/** Whether the page at this URL shows the flash. */
export const isFlashFor = (value: string | null, url: string): boolean =>
  z.object({ page: z.literal(flashPageOf(url)) }).safeParse(decodeFlash(value)).success;

/** The values that a form shows again. Never a password. */
export interface EnteredValues {
  readonly email?: unknown;
  readonly remember?: unknown;
  readonly name?: unknown;
  readonly timeZone?: unknown;
}

const textOf = (entered: unknown, most: number) =>
  typeof entered === "string" ? entered.slice(0, most) : undefined;

export const flashValues = ({ email, remember, name, timeZone }: EnteredValues) => ({
  email: textOf(email, bounds.emailLength),
  // A little more than is accepted, so that what is too long is seen to be.
  name: textOf(name, 2 * bounds.nameLength),
  timeZone: textOf(timeZone, bounds.nameLength),
  remember: remember === "on",
});
