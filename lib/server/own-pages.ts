/**
 * Which pages are Latchkey's own. They need none of Next's script: the request gate takes it out,
 * and their content security policy allows no other script than our files. Every other page belongs
 * to whoever builds on Latchkey; it keeps Next's script, its navigation and its server actions.
 */
const ownPages = [
  "/sign-in",
  "/sign-up",
  "/verify-email",
  "/password",
  "/l",
  "/account",
  "/mailbox",
  "/unavailable",
  "/failed",
];

/** Whether a request's URL, as Node hands it over, asks for a page of Latchkey or something below it. */
export function isOwnPage(url: string): boolean {
  const path = decoded(url.split("?", 1)[0]!);
  return path === "/" || ownPages.some((own) => path === own || path.startsWith(`${own}/`));
}

/** Next decodes a path before it looks for its page. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * The policy of a page of ours. Nothing inline, nothing from elsewhere. Framework files under /_next are
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
 * Takes Next's script out of a page that React has drawn: inline scripts, files under /_next, and
 * what loads those early. Text cannot be mistaken for a tag: React escapes "<" in text, ">" in
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

const isOfNext = (src: string | undefined) => src === undefined || src.startsWith("/_next/");

/**
 * Where a page threw, or called `notFound()`, Next sends a document that only its script would fill.
 * Somebody else has to say what happened.
 */
export const isEmptyErrorPage = (html: string) => /^[^>]*>\s*<html id="__next_error__"/.test(html);
