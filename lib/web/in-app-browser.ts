import { headers } from "next/headers";

// Other apps' own browsers say so in their User-Agent; Android's WebView by "wv", and on an iPhone
// what is no browser lacks Safari's name.
const inApp =
  /\b(FBAN|FBAV|FB_IAB|Instagram|LinkedInApp|Line\/|MicroMessenger|Snapchat|TikTok|musical_ly|Twitter for|Pinterest\/)|; wv\)|\(iP(hone|ad|od)(?!.*Safari\/).*AppleWebKit/;

/** Whether a User-Agent is that of a browser inside another app. */
export const isInApp = (userAgent: string): boolean => inApp.test(userAgent);

/** Whether the page is shown inside another app, where Google lets nobody sign in (O7). */
export async function isInAppBrowser(): Promise<boolean> {
  return isInApp((await headers()).get("user-agent") ?? "");
}
