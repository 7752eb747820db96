import { createHash } from "node:crypto";

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { margin: 0; background: Canvas; color: CanvasText }
main { box-sizing: border-box; max-width: 32rem; margin: auto; padding: 1rem }
h1 { font-size: 1.4rem; line-height: 1.25; overflow-wrap: anywhere }
h2 { font-size: 1.1rem; margin: 2rem 0 0 }
ul { list-style: none; margin: 0; padding: 0 }
li, .field { margin: 1rem 0 }
p { margin: .25rem 0 }
button, input { font: inherit; min-height: 2.75rem; box-sizing: border-box; border: 1px solid; border-radius: 4px }
button, input:not([type=checkbox]) { width: 100%; padding: .25rem .75rem }
:focus-visible { outline: 2px solid; outline-offset: 2px }
input[type=checkbox] { width: 1.5rem; min-height: 1.5rem; vertical-align: middle }
label:not(.check) { display: block }
.check { display: flex; gap: .5rem; align-items: center; min-height: 2.75rem }`;

const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
];

/** Sends a page; `back` is the URL where its form ends after redirects. */
export function send(ctx, html, back) {
  ctx.type = "html";
  ctx.set({
    "cache-control": "no-store",
    "content-security-policy": [...POLICY, `form-action ${formAction(back)}`].join("; "),
    "x-content-type-options": "nosniff",
  });
  ctx.body = html;
}

/** Browsers check every redirect against `form-action`, which cannot name an IPv6 address. */
function formAction(back) {
  if (!back) return "'none'";
  return `'self' ${back.hostname.startsWith("[") ? back.protocol : back.origin}`;
}

/** The page on which the user chooses an account. */
export const chooser = (as) =>
  page(
    as,
    `<p>It replaces ${as.name} while this app has no keys for it. Who are you?</p>
<form method="post"><ul>${as.people.map(button).join("")}</ul></form>
<h2>Somebody else</h2>
<form method="post">
${field("Email", "email", "May be empty: then no address is told.", 'inputmode="email"')}
<div class="field"><label class="check"><input type="checkbox" name="verified" checked> The address is verified</label></div>
${as.hasWorkspaces ? field("Workspace domain (hd)", "hd", "Only for an address of a workspace.") : ""}
${field("Account number", "number", "When empty, it is made from the address.")}
<button>Continue as somebody else</button>
</form>
<h2>Not now</h2>
<form method="post"><div class="field"><button name="cancel" value="yes">Cancel</button></div></form>`,
  );

/** A page that says why there is no choice. */
export const problem = (as, text) => page(as, `<p>${escaped(text)}</p>`);

const page = (as, body) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fake ${as.name} on this machine: no password needed</title>
<style>${STYLE}</style>
</head>
<body><main>
<h1>Fake ${as.name} on this machine: no password needed</h1>
${body}
</main></body>
</html>
`;

const button = ({ email, about }, at) => `
<li><button name="person" value="${at}" aria-describedby="about-${at}">Continue ${email ? `as ${email}` : "without an email"}</button>
<p id="about-${at}">${about}</p></li>`;

const field = (label, name, hint, attributes = "") => `
<div class="field"><label for="${name}">${label}</label>
<input id="${name}" name="${name}" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="255" aria-describedby="${name}-hint" ${attributes}>
<p id="${name}-hint">${hint}</p></div>`;

const escaped = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
