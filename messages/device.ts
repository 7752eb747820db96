import { type BrowserFamily, type DeviceSystem, parseDevice } from "@/lib/core/device";
import type { Messages } from "./index";

const browserNames: Record<BrowserFamily, string> = {
  chrome: "Chrome",
  chromium: "Chromium",
  edge: "Edge",
  firefox: "Firefox",
  opera: "Opera",
  safari: "Safari",
  samsung: "Samsung Internet",
};

const systemNames: Record<DeviceSystem, string> = {
  android: "Android",
  chromeos: "ChromeOS",
  ipad: "iPad",
  iphone: "iPhone",
  linux: "Linux",
  mac: "Mac",
  windows: "Windows",
};

/**
 * A stored device in words ("Firefox on Linux"), as a heading or within a sentence. Values from before
 * devices were stored as values are words already.
 */
export function deviceName(
  messages: Messages,
  stored: string,
  place: "heading" | "sentence",
): string {
  const device = parseDevice(stored);
  if (!device) return place === "sentence" ? stored.replace(/^A browser\b/, "a browser") : stored;
  const { family, system } = device;
  return messages.message(`device.${place}`, {
    known: family ? (system ? "both" : "browser") : system ? "system" : "other",
    browser: family ? browserNames[family] : "",
    system: system ? systemNames[system] : "",
  });
}
