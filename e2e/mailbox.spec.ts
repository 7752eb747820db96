import { expect, test } from "./support/test";

test("the local mailbox shows an email as email programs do, and its button leads to the link", async ({
  ada,
}) => {
  const { path } = await ada.requestAndReceiveLink();
  await ada.open("/mailbox");
  const letter = ada.page.getByRole("article").filter({ hasText: ada.email });
  await letter.getByText("Show with formatting").click();
  const frame = letter.frameLocator("iframe");
  await expect(frame.locator("h1")).toHaveText("Sign in to Latchkey");
  const popup = ada.page.waitForEvent("popup");
  await frame.getByRole("link", { name: "Sign in to Latchkey" }).click();
  const linkPage = ada.in(await popup);
  await linkPage.seesTitle("Sign in to Latchkey?");
  await linkPage.clickButton("Sign in");
  await linkPage.isSignedIn();
  expect(path).toMatch(/^\/l\//);
});

test("a formatted email runs nothing, loads nothing and stands in no other site's frame", async ({
  ada,
  client,
}) => {
  await ada.requestAndReceiveLink();
  const { body } = await client.get("/mailbox");
  const [, id] = /src="\/api\/mailbox\/([\w-]+)"/.exec(body) ?? [];
  const { status, headers } = await client.get(`/api/mailbox/${id}`);
  expect(status).toBe(200);
  expect(headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(headers["cache-control"]).toBe("private, no-store");
  expect(headers["content-security-policy"]).toBe(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox",
  );
  expect((await client.get("/api/mailbox/unknown")).status).toBe(404);
  const mailbox = await client.get("/mailbox");
  expect(mailbox.headers["content-security-policy"]).toContain("frame-src 'self'");
  const signIn = await client.get("/sign-in");
  expect(signIn.headers["content-security-policy"]).not.toContain("frame-src");
});
