import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { openapiDocument } from "./openapi";

it("matches the document that is checked in", async () => {
  const text = `${JSON.stringify(openapiDocument(), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot("../../../docs/openapi.json");
});

it("describes every route and no other", () => {
  const routes = readdirSync("app/api/v1", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith("/route.ts") && !file.startsWith("openapi.json"))
    .map((file) => `/api/v1/${file.replace("/route.ts", "").replace(/\[(\w+)\]/, "{$1}")}`);
  expect(Object.keys(openapiDocument().paths).sort()).toEqual(routes.sort());
});
