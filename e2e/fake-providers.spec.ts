import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "@playwright/test";
import { axeFindings } from "./support/axe";
import { Inbox } from "./support/inbox";
import { Person } from "./support/person";
import { lookAt } from "./support/screens";
import { expect, type Providers, testWithoutServer } from "./support/fake-providers";

/** The fake providers without Latchkey. */
const test = testWithoutServer.extend<{ app: Server; ada: Person }>({
  // Instead of Latchkey: a page that shows the result of the callback.
  app: async ({}, use) => {
    const app = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url!, "http://localhost");
      const back = searchParams.get("error") ?? (searchParams.has("code") ? "a code" : "nothing");
      response.setHeader("content-type", "text/html");
      response.end(`<main>${pathname} received ${back}</main>`);
    });
    await once(app.listen(0, "127.0.0.1"), "listening");
    await use(app);
    app.closeAllConnections();
    app.close();
  },
  ada: async ({ page, app }, use) => {
    const { port } = app.address() as AddressInfo;
    const serverAddress = { port, origin: `http://localhost:${port}` };
    const inbox = new Inbox("no letter arrives here");
    await use(Person.at(page, { email: "ada@example.com", inbox, serverAddress, hasScript: true }));
  },
});

async function goTo(id: "google" | "linkedin", { settings }: Providers, page: Page, app: Server) {
  const setting = (part: string) => settings[`AUTH_${id.toUpperCase()}_${part}`]!;
  const query = new URLSearchParams({
    client_id: setting("ID"),
    response_type: "code",
    scope: "openid email",
    redirect_uri: `http://localhost:${(app.address() as AddressInfo).port}/api/auth/callback/${id}`,
  });
  await page.goto(`${setting("ISSUER")}/auth?${query}`);
}

for (const { id, name, cancelled } of [
  { id: "google", name: "Google", cancelled: "access_denied" },
  { id: "linkedin", name: "LinkedIn", cancelled: "user_cancelled_login" },
] as const) {
  test(
    `Ada chooses a user at ${name}, or cancels`,
    { tag: "@long" },
    async ({ ada, app, providers }) => {
      await goTo(id, providers, ada.page, app);
      await ada.seesTitle(`Fake ${name} on this machine: no password needed`);
      await ada.chooses({ email: ada.email, verified: false, number: "4711" });
      await ada.sees(`/api/auth/callback/${id} received a code`);
      await goTo(id, providers, ada.page, app);
      await ada.clickButton("Continue as ada@gmail.com");
      await ada.sees(`/api/auth/callback/${id} received a code`);
      await goTo(id, providers, ada.page, app);
      await ada.chooses("cancel");
      await ada.sees(`/api/auth/callback/${id} received ${cancelled}`);
    },
  );

  test(
    `the page of the fake ${name} is accessible and has a narrow layout`,
    { tag: "@long" },
    async ({ ada, app, providers }) => {
      await goTo(id, providers, ada.page, app);
      expect(await lookAt(ada.page, `fake-${id}`)).toEqual([]);
      await ada.chooses({ email: ada.email });
      await ada.sees("received a code");
      await ada.page.goBack();
      await ada.sees("This visit is over.");
      expect(await axeFindings(ada.page)).toEqual([]);
    },
  );
}
