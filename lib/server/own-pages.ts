import { isOwnPagePath, ownFiles } from "@/lib/core/own-paths";

/** Whether a request is for the JSON API, Auth.js or an email of the local mailbox. */
export const isApi = ({ url = "/" }: { url?: string | undefined }): boolean =>
  url.startsWith("/api/");

/**
 * Whether a URL, path and query, is that of a page of Latchkey or of a path below it. Those pages work
 * without Next's script: the request gate removes it, and their content security policy allows only
 * script files of this origin. All other pages belong to the application that is built on Latchkey; they
 * have Next's script, navigation and server actions.
 */
export const isOwnPage = (url: string): boolean => isOwnPagePath(decoded(url.split("?", 1)[0]!));

/** Whether a path is a route of Next's own that nobody links to. */
export const isNextInternal = (url: string): boolean =>
  /^\/+_(global-error|not-found|error|app|document)([/.]|$)/.test(decoded(url.split("?", 1)[0]!));

/** Next, too, decodes a path before it looks for its page. */
function decoded(path: string): string {
  if (!path.includes("%")) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * The policy of a page of ours. Nothing inline, nothing from elsewhere. Framework files are
 * ours too, but no page here names them. Only the mailbox has frames, one for each email.
 */
export const ownPagePolicy = (url: string): string =>
  isMailbox(url) ? `${policy}; frame-src 'self'` : policy;

/** Whether a request's URL asks for the page of the local mailbox. */
const isMailbox = (url: string): boolean => decoded(url.split("?", 1)[0]!) === "/mailbox";

/** Whether a request's URL asks for an email of the local mailbox, as its page shows it in a frame. */
export const isMailboxEmail = (url: string): boolean => url.startsWith("/api/mailbox/");

/** The policy of such an email: it has styles of its own, runs nothing, loads nothing and has no origin. */
export const emailPolicy = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
  "sandbox allow-popups allow-popups-to-escape-sandbox",
].join("; ");

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "object-src 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * Removes Next's script from a page that React has rendered: inline scripts, files under /_next, and
 * the links that preload them. Text cannot look like a tag: React escapes "<" in text, ">" in
 * attributes, and "</script" in scripts.
 */
export function withoutFrameworkScript(html: string): string {
  return html
    .replace(/<script\b([^>]*)>[\s\S]*?<\/script>/g, (tag, attributes: string) =>
      isOfNext(/\ssrc="([^"]*)"/.exec(attributes)?.[1]) ? "" : tag,
    )
    .replace(/<link\b[^>]*>/g, (tag) =>
      /\s(as="script"|rel="modulepreload")/.test(tag) ? "" : tag,
    );
}

const isOfNext = (src: string | undefined) =>
  src === undefined || src.startsWith(`${ownFiles}/_next/`);

/** Next's document for a page that threw or called `notFound()`: it is empty without Next's script. */
export const isEmptyErrorPage = (html: string) => /^[^>]*>\s*<html id="__next_error__"/.test(html);
