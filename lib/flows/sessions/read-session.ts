import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { ok } from "@/lib/core/result";

/** Who is signed in here; null for nobody. One statement, or none without a cookie. */
export const readSession = defineFlow({
  name: "session.read",
  kind: "read",
  requires: "anyone",
  limits: [],
  input: z.strictObject({}),

  run: async (ctx) => ok(ctx.caller.session),
});
