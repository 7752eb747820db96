import { testWithProviders as test } from "./support/oidc";
import { expect } from "./support/test";

test("the sign-in page asks for few and light files, all of them ours", async ({
  ada,
  server,
}, info) => {
  const session = await ada.browser.newCDPSession(ada.page);
  await session.send("Network.enable");
  const files = new Map<
    string,
    { path: string; type: string; transferred: number; size: number }
  >();
  session.on("Network.responseReceived", ({ requestId, response, type }) => {
    expect(new URL(response.url).origin).toBe(server.origin);
    files.set(requestId, { path: new URL(response.url).pathname, type, transferred: 0, size: 0 });
  });
  session.on("Network.dataReceived", ({ requestId, dataLength }) => {
    const file = files.get(requestId);
    if (file) file.size += dataLength;
  });
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const file = files.get(requestId);
    if (file) file.transferred = encodedDataLength;
  });
  await ada.page.goto("/sign-in", { waitUntil: "networkidle" });
  await ada.sees("Continue with Google");

  const scripts = [...files.values()].filter(({ type }) => type === "Script");
  const [ours, others] = [
    scripts.filter(({ path }) => path === "/latchkey.js"),
    scripts.filter(({ path }) => path !== "/latchkey.js"),
  ];
  const styles = [...files.values()].filter(({ type }) => type === "Stylesheet");
  const sum = (some: typeof scripts) => ({
    files: some.length,
    transferred: some.reduce((total, { transferred }) => total + transferred, 0),
    size: some.reduce((total, { size }) => total + size, 0),
  });
  const weight = {
    ours: sum(ours),
    styles: sum(styles),
    next: sum(others),
    all: sum([...files.values()]),
  };
  info.annotations.push({
    type: "weight of the sign-in page in bytes",
    description: JSON.stringify(weight),
  });
  await info.attach("files", {
    body: JSON.stringify([...files.values()], null, 2),
    contentType: "application/json",
  });
  expect(weight.ours.files).toBe(1);
  expect(weight.ours.size).toBeLessThanOrEqual(3 * 1024);
  expect(weight.styles.files).toBeGreaterThan(0);
  expect(weight.styles.size).toBeLessThanOrEqual(8 * 1024);
  // What a bare Next page weighs; ours adds no client component to it.
  expect(weight.next.transferred).toBeLessThan(160 * 1024);
});
