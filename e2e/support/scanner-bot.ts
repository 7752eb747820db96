import { type Browser, expect } from "@playwright/test";
import { Client } from "./client";
import type { Place } from "./http";

const password = "what a mail filter would like";

/**
 * What mail filters do with a link before its reader sees it. Each way returns the cookies that
 * came of it, by name.
 */
export class ScannerBot {
  constructor(
    private readonly place: Place,
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

  /** A whole browser that runs the page's scripts and waits until all is quiet. */
  async renders(path: string): Promise<string[]> {
    return this.#inBrowser(async (page) => {
      await page.goto(this.place.origin + path, { waitUntil: "networkidle" });
    });
  }

  /** Presses every button it finds, first as the page is, then with something typed in every field. */
  async pressesEverything(path: string, leastButtons = 1): Promise<string[]> {
    return this.#inBrowser(async (page) => {
      await page.goto(this.place.origin + path);
      const buttons = await page.getByRole("button").count();
      expect(buttons).toBeGreaterThanOrEqual(leastButtons);
      for (const text of ["", "scanner@example.net"])
        for (let at = 0; at < buttons; at += 1) {
          await page.goto(this.place.origin + path);
          for (const field of await page.locator("input:not([type=hidden])").all())
            // A password that would be taken: nothing but the address is to stand in its way.
            await field.fill((await field.getAttribute("type")) === "password" ? password : text);
          await page.getByRole("button").nth(at).click();
          await page.waitForLoadState("networkidle");
        }
    });
  }

  async #sends(path: string, sent: Parameters<Client["send"]>[1]): Promise<string[]> {
    const client = new Client(this.place);
    await client.send(path, sent);
    return [...client.jar.keys()];
  }

  async #inBrowser(
    act: (page: Awaited<ReturnType<Browser["newPage"]>>) => Promise<void>,
  ): Promise<string[]> {
    const profile = await this.browser.newContext({ javaScriptEnabled: true });
    await act(await profile.newPage());
    const cookies = await profile.cookies();
    await profile.close();
    return cookies.map(({ name }) => name);
  }
}
