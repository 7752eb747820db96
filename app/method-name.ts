import { isOAuthProvider, oauthProviders } from "@/lib/core/oauth-providers";
import { message } from "@/lib/web/messages";

/** The name of a sign-in method, from its stored id. */
export function methodName(stored: string): string {
  if (isOAuthProvider(stored)) return oauthProviders[stored].name;
  return stored === "magic_link" || stored === "email" ? message(`methods.${stored}`) : stored;
}
