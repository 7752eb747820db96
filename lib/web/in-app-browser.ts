import { headers } from "next/headers";

// Other apps' own browsers say so in their User-Agent; Android's WebView by "wv", and on an iPhone
// what is no browser lacks Safari's name.
const inApp =
  /\b(FBAN|FBAV|FB_IAB|Instagram|LinkedInApp|Line\/|MicroMessenger|Snapchat|TikTok|musical_ly|Twitter for|Pinterest\/)|; wv\)|\(iP(hone|ad|od)(?!.*Safari\/).*AppleWebKit/;

/** Whether the page is shown inside another app, where Google lets nobody sign in (O7). */
export async function isInAppBrowser(): Promise<boolean> {
  return inApp.test((await headers()).get("user-agent") ?? "");
}
