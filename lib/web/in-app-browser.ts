// Apps name themselves in the User-Agent. Android's WebView has "wv"; on iOS a web view lacks "Safari".
const inApp =
  /\b(FBAN|FBAV|FB_IAB|Instagram|LinkedInApp|Line\/|MicroMessenger|Snapchat|TikTok|musical_ly|Twitter for|Pinterest\/)|; wv\)|\(iP(hone|ad|od)(?!.*Safari\/).*AppleWebKit/;

/**
 * Whether a User-Agent is that of a browser inside another app, where Google refuses to sign users in (O7).
 */
export const isInApp = (userAgent: string): boolean => inApp.test(userAgent);
