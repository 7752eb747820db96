import { pageNonce, site } from "@/lib/web/site";
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

// The few tokens these pages need, by value: Keyline's stylesheet is part of what may be away.
const style = `
  :root { color-scheme: light dark; font: 16px/24px system-ui, sans-serif; background: #FAFAF7; color: #1A1D1B; --accent: #0A5C4F; }
  @media (prefers-color-scheme: dark) { :root { background: #121513; color: #ECEEEB; --accent: #5CC7B0; } }
  body { margin: 0; padding: 48px 16px; }
  main { max-width: 25rem; margin: 0 auto; padding-inline-start: 20px; border-inline-start: 3px solid var(--accent); }
  h1 { margin: 0 0 8px; font-size: 26px; line-height: 31px; font-weight: 620; }
  a { color: var(--accent); }
  a:focus-visible { outline: 2px solid; outline-offset: 2px; }
  code { font-size: 14px; overflow-wrap: anywhere; }`;

/** A whole page without React, data or assets, for when those may be what is broken. Texts are ours. */
export async function staticPage(page: StaticPage): Promise<Response> {
  const { retryAfter, reference } = page;
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title} · ${site().appName.replaceAll("&", "&amp;")}</title>
<style nonce="${await pageNonce()}">${style}
</style>
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
