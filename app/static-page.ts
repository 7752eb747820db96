import { siteConfig } from "@/lib/web/site";
import { words } from "./words";

interface StaticPage {
  readonly status: 500 | 503;
  readonly title: string;
  readonly lead: string;
  readonly link: string;
  readonly reference?: string;
  /** Seconds until asking again makes sense. */
  readonly retryAfter?: number;
}

/** A whole page without React, data or assets, for when those may be what is broken. Texts are ours. */
export function staticPage(page: StaticPage): Response {
  const { retryAfter, reference } = page;
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title} · ${siteConfig().appName.replaceAll("&", "&amp;")}</title>
<link rel="stylesheet" href="/plain-page.css">
</head>
<body>
<main>
<h1>${page.title}</h1>
<p>${page.lead}</p>
<p><a href="/">${page.link}</a></p>
${reference ? `<p>${words.reference}: <code>${reference}</code></p>` : ""}
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
