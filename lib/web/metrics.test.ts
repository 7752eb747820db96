import { afterEach, expect, test } from "vitest";
import type { World } from "@/lib/runtime/ports";
import { setWorld } from "@/lib/runtime/world";
import { respondToMetrics } from "./metrics";

const metricsToken = "a-token-of-more-than-32-characters-123";
const metricsPage = { contentType: "text/plain; version=0.0.4", text: async () => "up 1\n" };

const given = (world: object) => setWorld(world as World);
afterEach(() => given({}));

const ask = (authorization?: string) =>
  respondToMetrics(
    new Request("http://localhost/metrics", { headers: authorization ? { authorization } : {} }),
  );

test("a program with the token gets the metrics, which nobody stores", async () => {
  given({ env: { metricsToken }, metricsPage });
  const response = await ask(`Bearer ${metricsToken}`);
  expect(response.status).toBe(200);
  expect(await response.text()).toBe("up 1\n");
  expect(response.headers.get("content-type")).toBe(metricsPage.contentType);
  expect(response.headers.get("cache-control")).toBe("private, no-store");
});

test.each([
  undefined,
  "",
  "Bearer",
  "Bearer ",
  `Basic ${metricsToken}`,
  metricsToken,
  `Bearer ${metricsToken}x`,
  `Bearer ${metricsToken.slice(1)}`,
  `Bearer x ${metricsToken}`,
  "Bearer undefined",
])("a program with %j gets none", async (authorization) => {
  given({ env: { metricsToken }, metricsPage });
  const response = await ask(authorization);
  expect(response.status).toBe(401);
  expect(response.headers.get("www-authenticate")).toBe('Bearer realm="metrics"');
  expect(await response.text()).toBe("Unauthorized\n");
});

test("without the setting there are no metrics, whatever is presented", async () => {
  given({ env: { metricsToken: undefined }, metricsPage: null });
  for (const one of [undefined, "Bearer undefined", "Bearer "])
    expect((await ask(one)).status).toBe(404);
});
