import { type Browser, expect } from "@playwright/test";
import { Client } from "./client";
import { buttonsIn, fieldsToType, formWith } from "./forms";
import type { ServerAddress } from "./http";

const password = "what a mail filter would like";

/**
 * What mail filters do with a link before the recipient sees it. Each method returns the names of
 * the cookies that the bot received.
 */
export class ScannerBot {
  constructor(
    private readonly serverAddress: ServerAddress,
    private readonly browser: Browser,
  ) {}

  async looks(path: string, how: "HEAD" | "GET" | "OPTIONS"): Promise<string[]> {
    return this.#sends(path, { method: how });
  }

  async prefetches(path: string): Promise<string[]> {
    const hints = [
      { purpose: "prefetch", "sec-purpose": "prefetch;prerender" },
      { "x-moz": "prefetch", "x-purpose": "preview" },
      { rsc: "1", "next-router-prefetch": "1" },
      { rsc: "1" },
      { rsc: "1", "next-router-segment-prefetch": "/_tree" },
    ];
    const cookies = [];
    for (const headers of hints) cookies.push(...(await this.#sends(path, { headers })));
    return cookies;
  }

  /** Loads the page in a browser with script, and waits until the network is idle. */
  async renders(path: string): Promise<string[]> {
    const profile = await this.browser.newContext({ javaScriptEnabled: true });
    const page = await profile.newPage();
    await page.goto(this.serverAddress.origin + path, { waitUntil: "networkidle" });
    const cookies = await profile.cookies();
    await profile.close();
    return cookies.map(({ name }) => name);
  }

  /** Submits every form, first with empty fields, then with a value in every field. */
  async submitsEverything(path: string, minButtons = 1): Promise<string[]> {
    const bot = new Client(this.serverAddress);
    const { body } = await bot.get(path);
    const buttons = buttonsIn(body);
    expect(buttons.length).toBeGreaterThanOrEqual(minButtons);
    for (const text of ["", "scanner@example.net"])
      for (const button of buttons) {
        const page = await bot.get(path);
        // The password is valid, so only the address can stop the bot.
        const typed = fieldsToType(page.body).map(({ name, type }) => {
          return [name, type === "password" ? password : text] as const;
        });
        const form = formWith(page.body, button);
        await bot.follow(await bot.post(path, form, Object.fromEntries(typed)));
      }
    return [...bot.jar.keys()];
  }

  async #sends(path: string, sent: Parameters<Client["send"]>[1]): Promise<string[]> {
    const client = new Client(this.serverAddress);
    await client.send(path, sent);
    return [...client.jar.keys()];
  }
}
