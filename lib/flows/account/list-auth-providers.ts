import { z } from "zod";
import { defineFlow } from "@/lib/flow";
import { listAuthProviders as list } from "@/lib/identity/auth-providers";
import { ok } from "@/lib/result";

/** A person's ways in, and when each was last used (A1). Refuses `sign_in_required`. */
export const listAuthProviders = defineFlow({
  name: "auth_provider.list",
  kind: "read",
  requires: "session",
  limits: [],
  input: z.strictObject({}),

  run: async (ctx) => ok(await list(ctx.db, ctx.caller.session.userId)),
});
