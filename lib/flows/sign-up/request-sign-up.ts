import { z } from "zod";
import { weakPasswordRefusals } from "@/lib/flows/shared/weak-password";
import { defineFlow } from "@/lib/runtime/flow";
import {
  confirmPassword,
  checkbox,
  email,
  next,
  password,
  passwordsMatch,
} from "@/lib/runtime/fields";
import { mailLimits, signUpLimit } from "@/lib/runtime/limits";
import { mailSignUpCode } from "./steps";
import { refuse } from "@/lib/core/result";
import { passwordMethod } from "@/lib/methods/password";

/**
 * Signs up with an address and a password: stores an attempt of this browser and sends a code. The user is
 * created when the code is entered here (P1). The response does not tell whether the address has a user
 * (P3). Refuses `sign_up_closed`, weak passwords, `overloaded`.
 */
export const requestSignUp = defineFlow({
  name: "sign_up.request",
  kind: "write",
  requires: "anyone",
  method: passwordMethod.id,
  identifierOf: ({ email }) => email,
  limits: [signUpLimit, ...mailLimits("sign_up")],
  audited: {
    subject: "owner",
    refusals: { overloaded: [], sign_up_closed: [], ...weakPasswordRefusals },
  },
  input: z
    .strictObject({ email, password, confirmPassword, remember: checkbox, next })
    .superRefine(passwordsMatch),

  run: async function requestSignUp(ctx, { email, password, remember, next }) {
    if (ctx.env.signUp === "closed") return refuse("sign_up_closed");
    const strength = await ctx.passwords.checkStrength(password, [email, ctx.env.appName]);
    const hashed = strength.ok ? await ctx.passwords.hash(password) : strength;
    if (!hashed.ok) {
      // A user who tries several passwords must not run out of emails.
      ctx.refundMailLimits();
      return hashed;
    }
    const attempt = { passwordHash: hashed.value, remember, next };
    return ctx.write((tx) => mailSignUpCode(ctx, tx, email, attempt, { restart: true }));
  },
});
