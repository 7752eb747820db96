import { expect, test } from "vitest";
import { Browser } from "@/lib/testing/browser";
import { refused, setUpWorld } from "@/lib/testing/setup";
import { listAuthProviders } from "./list-auth-providers";

const world = await setUpWorld();
const ada = "ada@example.com";

const listed = async (browser: Browser) => {
  const result = await browser.run(listAuthProviders);
  if (!result.ok) throw new Error(result.refusal.code);
  return result.value;
};

test("ada sees her ways in, made on first use and dated by each use (A1)", async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  const [first, ...none] = await listed(browser);
  expect(none).toEqual([]);
  expect(first).toMatchObject({ provider: "magic_link" });
  await world.age(120);
  const [older] = await listed(browser);
  await browser.signIn(ada);
  const [used] = await listed(browser);
  expect(used!.createdAt).toEqual(older!.createdAt);
  expect(used!.lastUsedAt.getTime()).toBeGreaterThan(older!.lastUsedAt.getTime());
});

test("leo sees his own alone", async () => {
  await new Browser(world).signIn(ada);
  const leos = new Browser(world);
  await leos.signIn("leo@example.com");
  expect(await listed(leos)).toHaveLength(1);
});

test("whoever is not signed in is asked to", async () => {
  expect(await new Browser(world).run(listAuthProviders)).toEqual(refused("sign_in_required"));
});
