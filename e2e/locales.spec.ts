import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import type { BrowserContext, Page } from "@playwright/test";
import { messagesIn } from "@/messages";
import { Client } from "./support/client";
import { Db, newDatabase } from "./support/db";
import { Inbox } from "./support/inbox";
import { insertPendingIdentity } from "./support/pending-identity";
import { Server } from "./support/server";
import { expect, test } from "./support/test";

const password = "four unrelated words here";
const narrow = { width: 320, height: 640 };

/** What pages show that is in no catalogue: names, and what somebody typed. */
const names =
  /Latchkey|Google|LinkedIn|Chrome|Firefox|Safari|Linux|iPhone|[\w.+*-]+@[\w.-]+|https?:\/\/\S+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

interface Scene {
  readonly server: Server;
  readonly db: Db;
  readonly inbox: Inbox;
  readonly newAddress: (name: string) => string;
}

interface Screen {
  readonly path: string;
  /** Whose it is; a new browser where nothing is said. */
  readonly client?: Client;
}

const phone =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";

/** Every screen. */
async function allScreens({ server, db, inbox, newAddress }: Scene): Promise<Screen[]> {
  const asker = new Client(server);
  const email = newAddress("ada");
  await asker.json("/api/v1/magic-links", { email });
  const { path } = await inbox.letterTo(email);
  const onPhone = new Client(server, { "user-agent": phone });
  await onPhone.signUpAndVerify(newAddress("leo"), password, inbox);
  const owner = new Client(server);
  const address = newAddress("ada");
  await owner.signUpAndVerify(address, password, inbox);
  await owner.json("/api/v1/session/step-ups/requests", {});
  const stepUp = (await inbox.letterTo(address)).path;
  const other = new Client(server);
  await other.json("/api/v1/magic-links", { email: address });
  const link = (await inbox.letterTo(address)).path;
  await db.clearLimits();
  const reset = new Client(server);
  await reset.json("/api/v1/password-resets", { email: address });
  const resetLink = (await inbox.letterTo(address)).path;
  const newcomer = new Client(server);
  await newcomer.json("/api/v1/sign-ups", { email: newAddress("nina"), password });
  const pending = new Client(server);
  await insertPendingIdentity(db, pending, address);
  const switching = new Client(server);
  await switching.signUpAndVerify(newAddress("leo"), password, inbox);
  await insertPendingIdentity(db, switching, newAddress("mallory"));
  return [
    { path: "/sign-in" },
    { path: "/sign-in/check", client: asker },
    { path, client: asker },
    { path: "/account/methods", client: onPhone },
    { path: "/account/sessions", client: onPhone },
    { path: "/account/activity", client: onPhone },
    { path: "/account/profile", client: onPhone },
    { path: "/mailbox" },
    ...[
      "/sign-in/password",
      "/sign-up",
      "/password",
      "/l",
      "/l/unknown",
      "/l/undo/unknown",
      "/l/email/unknown",
      "/l/stop/unknown",
      "/l/restore/unknown",
      "/sign-in/problem",
    ].map((path) => ({ path })),
    ...["/nothing/here", "/unavailable", `/failed?reference=${randomUUID()}`].map((path) => ({
      path,
    })),
    { path: "/verify-email", client: newcomer },
    { path: "/password/check", client: reset },
    { path: resetLink, client: reset },
    { path: resetLink },
    { path: link },
    { path: link, client: switching },
    { path: stepUp, client: owner },
    { path: "/sign-in/connect", client: pending },
    { path: "/sign-in/switch", client: switching },
    ...[
      "/account",
      "/account/email",
      "/account/delete",
      "/account/password",
      "/account/password/remove",
      "/account/sessions/sign-out-others",
      "/account/confirm",
      "/account/confirm?asked",
      "/account/confirm?for=unknown",
    ].map((path) => ({ path, client: owner })),
  ];
}

async function opened(context: BrowserContext, { path, client }: Screen, server: Server) {
  await context.clearCookies();
  const flags = { url: server.origin, httpOnly: true, sameSite: "Lax" } as const;
  await context.addCookies(
    [...(client?.jar ?? [])].map(([name, value]) => ({ name, value, ...flags })),
  );
  const page = await context.newPage();
  await page.setViewportSize(narrow);
  await page.goto(server.origin + path);
  return page;
}

/** Joins the parts between which a long address may break: they are one text. */
const joinTexts = (page: Page) =>
  page.evaluate(() => {
    for (const element of document.querySelectorAll("span.unbroken"))
      element.replaceWith(...element.childNodes);
    document.body.normalize();
  });

/** The texts of a page, those that are only heard or that a script shows included. */
const textsOf = (page: Page) =>
  page.evaluate(() => {
    const texts = [document.title];
    for (const element of document.querySelectorAll<HTMLElement>("body, body *")) {
      // Time zones have their own names.
      if (element.matches("script, style, option")) continue;
      for (const name of ["aria-label", "title", "placeholder", "alt", "data-left"])
        texts.push(element.getAttribute(name) ?? "");
      if (element.dataset.length) {
        const { missing, enough, strong } = JSON.parse(element.dataset.length) as {
          missing: string[];
          enough: string;
          strong: string;
        };
        texts.push(...missing, enough, strong);
      }
      for (const node of element.childNodes)
        if (node.nodeType === Node.TEXT_NODE)
          // To a browser with script the content of a noscript is one text.
          texts.push((node.textContent ?? "").replace(/<[^>]*>/g, " "));
    }
    return texts;
  });

/** Texts for machines and people of which the order of characters matters, and that are not isolated. */
const notLeftToRight = (page: Page) =>
  page.evaluate(() => {
    const wrong: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = (node.textContent ?? "").replace(/\u2068[^\u2069]*\u2069/g, "");
      const element = node.parentElement!;
      if (element.closest("script, style, noscript, pre")) continue;
      if (!/\S+@\S+|https?:|\b\d{6}\b|\b\d+\.\d+\.\d+\.\d+\b|[0-9a-f]{8}-/.test(text)) continue;
      if (getComputedStyle(element).direction !== "ltr") wrong.push(text);
    }
    for (const input of document.querySelectorAll<HTMLElement>("[type=email], [data-code]"))
      if (getComputedStyle(input).direction !== "ltr") wrong.push(input.outerHTML);
    return wrong;
  });

/** Letters of ours that no pseudo-language has changed. */
const untranslated = (text: string) =>
  text
    .replace(names, "")
    .replace(/\u202e[^\u202c]*\u202c/g, "")
    .replace(/\{left\}/g, "")
    .match(/[A-Za-z]{2,}/g) ?? [];

const overflow = (page: Page) =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    return [...document.querySelectorAll("body *")]
      .filter((element) => {
        const { left, right } = element.getBoundingClientRect();
        return right > clientWidth + 1 || left < -1;
      })
      .map((element) => element.outerHTML.slice(0, 100));
  });

for (const locale of ["en-XA", "ar-XB"] as const)
  test(
    `screens in the pseudo-language ${locale} are translated, fit into 320 px and keep addresses readable`,
    { tag: "@long" },
    async ({ browser, providers, newAddress }) => {
      const database = await newDatabase();
      const settings = { ...providers.settings, LOCALE: locale };
      const server = await Server.start({ databaseUrl: database.url, settings });
      const db = new Db(database.url);
      const inbox = new Inbox(server.dataDir);
      const scene = { server, db, inbox, newAddress };
      const context = await browser.newContext();
      const wrong: string[] = [];
      for (const screen of await allScreens(scene)) {
        const page = await opened(context, screen, server);
        const complain = (what: string, found: readonly string[]) =>
          wrong.push(...found.map((one) => `${screen.path}: ${what}: ${one}`));
        const { direction } = messagesIn(locale);
        const html = page.locator("html");
        await expect(html).toHaveAttribute("lang", locale);
        await expect(html).toHaveAttribute("dir", direction);
        const file = screen.path.replace(/\W+/g, "-");
        await page.screenshot({
          path: `test-results/screens/${locale}-${file.slice(0, 40)}.png`,
          fullPage: true,
        });
        complain("wider than 320 px", await overflow(page));
        await joinTexts(page);
        const texts = await textsOf(page);
        complain(
          "not translated",
          texts.filter((text) => untranslated(text).length > 0),
        );
        complain("not from left to right", await notLeftToRight(page));
        await page.close();
      }
      await context.close();
      await db.close();
      await server.stop();
      await database.drop();
      rmSync(server.dataDir, { recursive: true, force: true });
      expect(wrong).toEqual([]);
    },
  );
