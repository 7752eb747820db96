import type { Messages } from "@/messages";

interface PlainPage {
  readonly title: string;
  readonly lead: string;
  readonly link: { readonly href: string; readonly text: string };
  /** The request id that the log has. */
  readonly reference?: string | undefined;
  /** Continues to the link's target by itself. */
  readonly isOnTheWay?: boolean;
}

/** The HTML of a page without React, data or assets of a build, for when one of them fails. */
export function plainPage(messages: Messages, appName: string, page: PlainPage): string {
  const { locale, direction } = messages;
  const { title, lead, link, reference, isOnTheWay = false } = page;
  return `<!doctype html>
<html lang="${locale}" dir="${direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${inHtml(messages.message("page.title", { title, appName }))}</title>
<link rel="stylesheet" href="/latchkey/plain-page.css">${
    isOnTheWay ? `\n<meta http-equiv="refresh" content="0;url=${inHtml(link.href)}">` : ""
  }
</head>
<body>
<main>
<h1>${inHtml(title)}</h1>
<p>${inHtml(lead)}</p>
<p><a href="${inHtml(link.href)}">${inHtml(link.text)}</a></p>
${reference ? `<p>${referenceLine(messages, reference)}</p>` : ""}
</main>
</body>
</html>
`;
}

const referenceLine = (messages: Messages, reference: string) =>
  messages
    .parts("common.reference", {
      reference,
      code: (content) => `<code dir="ltr">${inHtml(content.join(""))}</code>`,
    })
    .join("");

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#x27;",
};

/** A text as HTML. React writes the same. */
export const inHtml = (text: string): string => text.replace(/[&<>"']/g, (one) => escapes[one]!);
