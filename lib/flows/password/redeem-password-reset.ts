import { z } from "zod";
import { linkAccess, refuseLink, linkRefusals } from "@/lib/flows/shared/link";
import { weakPasswordRefusals } from "@/lib/flows/shared/weak-password";
import { repeatedCause } from "@/lib/flows/shared/complete-sign-in";
import { defineFlow } from "@/lib/runtime/flow";
import {
  confirmPassword,
  password,
  token,
  optionalEmail,
  passwordsMatch,
} from "@/lib/runtime/fields";
import { confirmationLimit } from "@/lib/runtime/limits";
import { comparePassword, completePasswordReset, repeatPasswordReset } from "./steps";
import { consumeLink, previewLink } from "@/lib/store/verifications";
import { ok, refuse } from "@/lib/core/result";
import { passwordMethod } from "@/lib/methods/password";

/**
 * Sets a new password by the emailed link. In a browser that did not request it the whole address has to
 * be typed (L5). A weak password consumes nothing. Its browser may repeat it with the same password for a
 * minute, in case the response was lost. Refuses `link_invalid`, `email_mismatch`, weak
 * passwords, `overloaded`, and after the verification `account_disabled`.
 */
export const redeemPasswordReset = defineFlow({
  name: "password_reset.redeem",
  kind: "write",
  requires: "anyone",
  method: passwordMethod.id,
  signsInBy: passwordMethod.id,
  limits: [confirmationLimit],
  audited: {
    subject: "owner",
    ok: [repeatedCause],
    refusals: {
      overloaded: [],
      ...linkRefusals,
      link_invalid: [...linkRefusals.link_invalid, "no_account"],
      ...weakPasswordRefusals,
      account_disabled: [],
    },
  },
  input: z
    .strictObject({ token, email: optionalEmail, password, confirmPassword })
    .superRefine(passwordsMatch),

  run: async function redeemPasswordReset(ctx, { token, email, password }) {
    const access = linkAccess(ctx, email);
    const link = await previewLink(ctx.db, "password_reset", token, access);
    if (link) ctx.auditSubject({ identifier: link.identifier });
    const isUsable = link?.isRepeatable || (link?.state === "live" && link.canConsume);
    if (!link || !isUsable) return refuseLink(link);
    const strength = await ctx.passwords.checkStrength(password, [
      link.identifier,
      ctx.env.appName,
    ]);
    if (!strength.ok) return strength;
    const hashed = await ctx.passwords.hash(password);
    if (!hashed.ok) return hashed;
    const compared = link.isRepeatable
      ? await comparePassword(ctx, ctx.db, link.identifier, password)
      : ok(null);
    if (!compared.ok) return compared;
    const typed = { password, comparison: compared.value };
    return ctx.write(async (tx) => {
      const consumed = await consumeLink(tx, "password_reset", token, access);
      const used = refuse("link_invalid", { cause: "used" });
      if (!consumed) return used;
      return consumed.repeated
        ? repeatPasswordReset(ctx, tx, consumed, typed, used)
        : completePasswordReset(ctx, tx, consumed, hashed.value);
    });
  },
});
