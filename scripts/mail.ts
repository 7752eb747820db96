/** `npm run mail`: shows every letter as it is sent, on a local page. Reload it after a change. */
import { createServer } from "node:http";
import { renderLetter } from "@/emails";
import { samples } from "@/emails/samples";
import type { Locale } from "@/lib/core/env";
import type { Letter } from "@/lib/core/letters";
import { lifetimes } from "@/lib/core/policy";
import { methods } from "@/lib/methods";
import { main } from "./run.mjs";
import { readSettings } from "./settings.mjs";

const port = 3001;
const kinds = Object.keys(samples) as Letter["kind"][];

await main(async () => {
  const { env, origin } = readSettings();
  const vars: Record<string, string | undefined> = env;
  const facts = {
    appName: vars.APP_NAME ?? "Latchkey",
    locale: (vars.LOCALE ?? "en") as Locale,
    origin,
    supportEmail: vars.SUPPORT_EMAIL,
    methods: methods().map(({ id }) => id),
    lifetimes,
    now: new Date(),
  };
  const server = createServer((request, response) => {
    void page(request.url ?? "/").then(([type, body]) =>
      response.writeHead(200, { "Content-Type": `${type}; charset=utf-8` }).end(body),
    );
  });

  async function page(path: string): Promise<[type: string, body: string]> {
    const [, wanted, form] = path.split("/");
    const kind = kinds.find((one) => one === wanted);
    if (!kind) return ["text/html", index()];
    const { html, text } = await renderLetter(samples[kind], facts);
    return form === "text" ? ["text/plain", text] : ["text/html", html];
  }

  server.listen(port, "127.0.0.1", () => console.log(`Letters are at http://localhost:${port}`));
  return new Promise<number>(() => {});
});

function index() {
  const items = kinds.map(
    (kind) => `<li>${kind}: <a href="/${kind}/html">HTML</a>, <a href="/${kind}/text">text</a>`,
  );
  return `<!doctype html><meta charset="utf-8"><title>Letters</title><ul>${items.join("")}</ul>`;
}
