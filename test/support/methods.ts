import type { MethodId } from "@/lib/core/method-id";
import { methodById } from "@/lib/methods";

/** The id of a method, which tests write as a text. */
export function methodId(text: string): MethodId {
  const method = methodById(text);
  if (!method) throw new Error(`There is no sign-in method ${text}.`);
  return method.id;
}
