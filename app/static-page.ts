import { message, messages } from "@/lib/web/messages";
import { siteConfig } from "@/lib/web/site";

interface StaticPage {
  readonly status: 500 | 503;
  readonly title: string;
  readonly lead: string;
  readonly link: string;
  readonly reference?: string;
  /** Seconds for the Retry-After header. */
  readonly retryAfter?: number;
}

/** A page without React, data or assets, for when one of them fails. Its texts are not escaped. */
export function staticPage(page: StaticPage): Response {
  const { retryAfter, reference } = page;
  const { locale, direction } = messages();
  const title = message("page.title", { title: page.title, appName: siteConfig().appName });
  const html = `<!doctype html>
<html lang="${locale}" dir="${direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title.replaceAll("&", "&amp;")}</title>
<link rel="stylesheet" href="/plain-page.css">
</head>
<body>
<main>
<h1>${page.title}</h1>
<p>${page.lead}</p>
<p><a href="/">${page.link}</a></p>
${reference ? `<p>${referenceLine(reference)}</p>` : ""}
</main>
</body>
</html>
`;
  return new Response(html, {
    status: page.status,
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Cache-Control": "private, no-store",
      ...(retryAfter ? { "Retry-After": String(retryAfter) } : {}),
    },
  });
}

const referenceLine = (reference: string) =>
  messages()
    .parts("common.reference", {
      reference,
      code: (content) => `<code dir="ltr">${content.join("")}</code>`,
    })
    .join("");
