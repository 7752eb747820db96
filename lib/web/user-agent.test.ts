import fc from "fast-check";
import { expect, it } from "vitest";
import { anyText } from "@/test/support/texts";
import { readUserAgent } from "./user-agent";

const blink = "AppleWebKit/537.36 (KHTML, like Gecko)";
const webKit = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
const windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
const mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)";
const linux = "Mozilla/5.0 (X11; Linux x86_64)";
const android = "Mozilla/5.0 (Linux; Android 15; Pixel 9)";
const iPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)";
const iPad = "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X)";

it.each([
  [`${windows} ${blink} Chrome/138.0.0.0 Safari/537.36`, "chrome", "windows"],
  [`${windows} ${blink} Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0`, "edge", "windows"],
  [`${windows} ${blink} Chrome/138.0.0.0 Safari/537.36 OPR/120.0.0.0`, "opera", "windows"],
  ["Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0", "firefox", "windows"],
  [`${mac} ${webKit} Version/18.5 Safari/605.1.15`, "safari", "mac"],
  [`${mac} ${blink} Chrome/138.0.0.0 Safari/537.36`, "chrome", "mac"],
  [`${linux} ${blink} HeadlessChrome/138.0.7204.53 Safari/537.36`, "chrome", "linux"],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "firefox", "linux"],
  [
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "firefox",
    "linux",
  ],
  [
    `${linux} ${blink} Ubuntu Chromium/138.0.0.0 Chrome/138.0.0.0 Safari/537.36`,
    "chromium",
    "linux",
  ],
  [
    `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${blink} Chrome/138.0.0.0 Safari/537.36`,
    "chrome",
    "chromeos",
  ],
  [`${android} ${blink} Chrome/138.0.0.0 Mobile Safari/537.36`, "chrome", "android"],
  [`${android} ${blink} Chrome/138.0.0.0 Mobile Safari/537.36 EdgA/138.0.0.0`, "edge", "android"],
  [
    `${android} ${blink} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`,
    "samsung",
    "android",
  ],
  ["Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "firefox", "android"],
  [`${iPhone} ${webKit} Version/18.5 Mobile/15E148 Safari/604.1`, "safari", "iphone"],
  [`${iPhone} ${webKit} CriOS/138.0.7204.53 Mobile/15E148 Safari/604.1`, "chrome", "iphone"],
  [`${iPhone} ${webKit} FxiOS/140.0 Mobile/15E148 Safari/605.1.15`, "firefox", "iphone"],
  [`${iPad} ${webKit} Version/18.5 Mobile/15E148 Safari/604.1`, "safari", "ipad"],
])("reads %s", (text, family, system) => {
  expect(readUserAgent(text)).toEqual({ family, system });
});

it.each([
  ["", null],
  ["curl/8.14.1", null],
  ["<b>Firefox</b> on your bank", null],
  [`${windows} ${blink} Chrome/136.0.0.0 Safari/537.36 Vivaldi/7.4`, "windows"],
  [`${mac} ${blink} Chrome/136.0.0.0 YaBrowser/25.4 Safari/537.36`, "mac"],
  [
    `Mozilla/5.0 (Linux; Android 15; Pixel 9; wv) ${blink} Version/4.0 Chrome/138.0 Mobile Safari/537.36`,
    "android",
  ],
  [`${iPhone} ${webKit} Mobile/15E148 [FBAN/FBIOS;FBAV/520.0]`, "iphone"],
])("names no browser it does not know: %j", (text, system) => {
  expect(readUserAgent(text)).toEqual({ family: null, system });
});

it("only ever returns names of its own, whatever a client calls itself", () => {
  fc.assert(
    fc.property(anyText({ maxLength: 300 }), (noise) => {
      const { family, system } = readUserAgent(`${noise} Firefox/140.0 (${noise})`);
      expect([null, "firefox"]).toContain(family);
      expect([null, "windows", "mac", "linux", "android", "chromeos", "iphone", "ipad"]).toContain(
        system,
      );
    }),
  );
});
