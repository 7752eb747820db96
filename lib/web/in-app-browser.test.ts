import { describe, expect, test } from "vitest";
import { isInApp } from "./in-app-browser";

/** Real user agents, except for their versions. */
const safari = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
const iPhone = `Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${safari}`;
const chrome = "AppleWebKit/537.36 (KHTML, like Gecko)";
const android = (more: string) => `Mozilla/5.0 (Linux; Android 15; Pixel 9${more}) ${chrome}`;
const webView = `${android("; wv")} Version/4.0 Chrome/138.0.7204.63 Mobile Safari/537.36`;

const inApps = {
  "Facebook on iPhone": `${iPhone} Mobile/15E148 [FBAN/FBIOS;FBAV/520.0.0.38.101;FBBV/755535087]`,
  "Facebook on Android": `${webView} [FB_IAB/FB4A;FBAV/520.0.0.44.99;]`,
  "Instagram on iPhone": `${iPhone} Mobile/22F76 Instagram 389.0.0.29.85 (iPhone16,1; iOS 18_5)`,
  "Instagram on Android": `${webView} Instagram 389.0.0.49.87 Android (35/15; 420dpi)`,
  "LinkedIn on iPhone": `${iPhone} Mobile/22F76 [LinkedInApp]/9.31.3400`,
  "WeChat on iPhone": `${iPhone} Mobile/15E148 MicroMessenger/8.0.60(0x18003c2f) NetType/WIFI`,
  "Line on iPhone": `${iPhone} Mobile/15E148 Safari Line/15.10.0`,
  "TikTok on Android": `${webView} trill_400603 BytedanceWebview/d8a21c6`,
  "X on iPhone": `${iPhone} Mobile/15E148 Twitter for iPhone/11.5`,
  "Snapchat on iPhone": `${iPhone} Mobile/15E148 Snapchat/13.45.0.44 (like Safari/8621.2.5)`,
  "Pinterest on iPhone": `${iPhone} Mobile/15E148 [Pinterest/iOS]`,
  "an app on Android": webView,
  "an app on iPhone": `${iPhone} Mobile/15E148`,
};
const browsers = {
  "Safari on iPhone": `${iPhone} Version/18.5 Mobile/15E148 Safari/604.1`,
  "Chrome on iPhone": `${iPhone} CriOS/138.0.7204.53 Mobile/15E148 Safari/604.1`,
  "Firefox on iPhone": `${iPhone} FxiOS/140.0 Mobile/15E148 Safari/605.1.15`,
  "Chrome on Android": `${android("")} Chrome/138.0.0.0 Mobile Safari/537.36`,
  "Samsung Internet": `${android("")} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`,
  "Firefox on Android": "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0",
  "Safari on Mac": `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${safari} Version/18.5 Safari/605.1.15`,
  "Edge on Windows": `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome} Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0`,
  "Firefox on Linux": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  curl: "curl/8.14.1",
  nothing: "",
};

describe("a browser inside another app", () => {
  test.each(Object.entries(inApps))("is recognised by its name: %s", (_, agent) => {
    expect(isInApp(agent)).toBe(true);
  });

  test.each(Object.entries(browsers))("is no other browser: %s", (_, agent) => {
    expect(isInApp(agent)).toBe(false);
  });
});
