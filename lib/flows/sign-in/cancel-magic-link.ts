import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { token, typedAddress } from "@/lib/runtime/fields";
import { pressLimit } from "@/lib/runtime/limits";
import { previewLink, voidLink } from "@/lib/store/verifications";
import { ok, refuse } from "@/lib/core/result";

/**
 * "Not you? Cancel this request": voids a link and its code. Asks for as much as signing in does,
 * so that a scanner which presses buttons voids nothing (L5). Refuses `address_differs`, `link_dead`.
 */
export const cancelMagicLink = defineFlow({
  name: "magic_link.cancel",
  kind: "write",
  requires: "anyone",
  method: "magic_link",
  limits: [pressLimit],
  input: z.strictObject({ token, username: typedAddress }),

  run: (ctx, { token, username }) =>
    ctx.write(async (tx) => {
      const claim = { browserDigest: ctx.caller.askingDigest, typed: username };
      const link = await previewLink(tx, "magic_link", token);
      if (link) ctx.about({ identifier: link.identifier });
      if (await voidLink(tx, "magic_link", token, claim)) return ok({});
      if (link?.state === "live") return refuse("address_differs", { field: "username" });
      return refuse("link_dead", { cause: link?.state ?? "unknown" });
    }),
});
