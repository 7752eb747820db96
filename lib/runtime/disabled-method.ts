import type { Env } from "@/lib/core/env";
import type { MethodId } from "@/lib/core/method-id";
import type { Refusal } from "@/lib/core/result";

/** The refusal where a sign-in method is disabled. */
export const disabledMethod = (
  { methods }: Pick<Env, "methods">,
  method: MethodId,
): Refusal | null => (methods.includes(method) ? null : { code: "not_found", method });
