import { expect, it } from "vitest";
import { openapiDocument } from "./openapi";

it("is the document that is checked in", async () => {
  const text = `${JSON.stringify(openapiDocument(), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot("../../../docs/openapi.json");
});
