import { testWithProviders as test } from "./support/oidc";
import { expect } from "./support/test";

/** The only scripts on our pages. */
const scripts = ["/latchkey/latchkey.js", "/latchkey/password.js"];

test("our pages load few small files, and no framework script", async ({
  client,
  newClient,
  inbox,
  newAddress,
}, info) => {
  await client.signIn(newAddress("ada"), inbox);
  const stranger = newClient();
  const size = async (path: string) => Buffer.byteLength((await client.get(path)).body);
  const sizes: Record<string, { html: number; styles: number; scripts: number; all: number }> = {};
  for (const [browser, path] of [
    [stranger, "/sign-in"],
    [stranger, "/sign-in/password"],
    [stranger, "/sign-up"],
    [stranger, "/l/unknown"],
    [stranger, "/nothing/here"],
    [client, "/account"],
    [client, "/account/methods"],
    [client, "/account/sessions"],
    [client, "/account/password"],
    [client, "/account/disconnect/linkedin"],
  ] as const) {
    const { body } = await browser.get(path);
    const named = (pattern: RegExp) => [...body.matchAll(pattern)].map(([, address]) => address!);
    const ours = named(/<script\b[^>]* src="([^"]+)"/g);
    expect(body.match(/<script\b/g)?.length ?? 0, path).toBe(ours.length);
    expect(
      ours.filter((address) => !scripts.includes(address)),
      path,
    ).toEqual([]);
    expect(body, path).not.toMatch(/as="script"|modulepreload|__next/);
    const styles = named(/<link rel="stylesheet" href="([^"]+)"/g);
    const sum = async (paths: string[]) =>
      (await Promise.all(paths.map(size))).reduce((total, one) => total + one, 0);
    const [html, css, script] = [Buffer.byteLength(body), await sum(styles), await sum(ours)];
    sizes[path] = { html, styles: css, scripts: script, all: html + css + script };
  }
  info.annotations.push({ type: "bytes of each page", description: JSON.stringify(sizes) });
  // The first round trip of a connection: ten packets of 1,460 bytes, less headers.
  expect(sizes["/sign-in"]!.all).toBeLessThanOrEqual(14_336);
});
