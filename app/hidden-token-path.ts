import { isInAppBrowser } from "@/lib/web/request";

/**
 * What the address bar of a token page shows instead of the token (L6). Inside another app the address
 * stays: it is all that the app hands over to the user's own browser (decision 36).
 */
export const hiddenTokenPath = async (): Promise<string | undefined> =>
  (await isInAppBrowser()) ? undefined : "/l";
