import { intervals } from "@/lib/policy";
import { sentenceOf } from "@/lib/result";
import { pageNonce, site } from "@/lib/web/site";

/** Where pages send people while the database is away. Static, so that it needs nothing that could be away (S4). */
export async function GET() {
  const { appName } = site();
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="${intervals.unavailable}; url=/">
<title>Back in a moment · ${appName}</title>
<style nonce="${await pageNonce()}">
  :root { font: 16px/24px system-ui, sans-serif; background: light-dark(#FAFAF7, #121513); color: light-dark(#1A1D1B, #ECEEEB); }
  body { margin: 0; padding: 48px 24px; }
  main { max-width: 25rem; margin: 0 auto; padding-inline-start: 20px; border-inline-start: 3px solid light-dark(#0A5C4F, #5CC7B0); }
  h1 { margin: 0 0 8px; font-size: 26px; line-height: 31px; font-weight: 620; }
  a { color: light-dark(#0A5C4F, #5CC7B0); }
</style>
</head>
<body>
<main>
<h1>Back in a moment</h1>
<p>${sentenceOf({ code: "unavailable" })}</p>
<p><a href="/">Try again</a></p>
</main>
</body>
</html>
`;
  return new Response(html, {
    status: 503,
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Cache-Control": "private, no-store",
      "Retry-After": String(intervals.unavailable),
    },
  });
}
