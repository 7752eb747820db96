import { isToken } from "@/lib/core/crypto";

/**
 * The URL of a token page without what mail programs added to its link: punctuation, brackets, quotes
 * and spaces, also encoded ones. What could be a part of a token stays: a longer token is another one.
 * A broken encoding, for which Next has no page, ends the path.
 */
export function withoutAddedText(url: string): string {
  if (!url.startsWith("/l/")) return url;
  const [, folder, text, query] =
    /^(\/l\/(?:(?:reset|confirm|undo|restore|report|setup|access|email|stop)\/)?)([^?#]*)(.*)$/s.exec(
      url,
    ) ?? [];
  if (folder === undefined || !text) return url;
  const decoded = text.replace(/(%[0-9a-f]{2})+|%/gi, decodedOrSpace);
  const found = [decoded, decoded.replace(unseen, "")].map(tokenIn).find(isToken);
  if (found) return folder + found + query;
  return isDecodable(text) ? url : folder + tokenIn(decoded) + query;
}

/** What a line break leaves within a link. */
const unseen = /[\p{White_Space}\p{Default_Ignorable_Code_Point}]/gu;

/** The first run of a token's characters. The last of 43 characters for 32 bytes is never - or _. */
const tokenIn = (text: string) => (/[\w-]+/.exec(text)?.[0] ?? "").replace(/(?<![_-])[_-]+$/, "");

function decodedOrSpace(encoded: string) {
  return isDecodable(encoded) ? decodeURIComponent(encoded) : " ";
}

function isDecodable(text: string) {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
