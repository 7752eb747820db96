import { z } from "zod";
import { intervals } from "@/lib/core/policy";
import { ok } from "@/lib/core/result";
import { version } from "@/lib/core/version";
import { defineFlow } from "@/lib/runtime/flow";

/** The version, the health of each part, and the pending migrations, for staff (X4). */
export const readSystem = defineFlow({
  name: "system.read",
  kind: "read",
  requires: "staff",
  maxAuthAge: intervals.staffRead,
  limits: [],
  input: z.strictObject({}),

  run: async function readSystem(ctx) {
    const { health, pendingMigrations } = ctx.system!;
    return ok({
      version,
      health: await health(),
      pendingMigrations: await pendingMigrations(),
    });
  },
});
