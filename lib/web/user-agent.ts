import type { BrowserFamily, Device, DeviceSystem } from "@/lib/core/device";

// The product token of each browser. Other browsers also send those of Chrome and Safari, so these
// come last.
const families: readonly (readonly [product: string, family: BrowserFamily])[] = [
  ["Edg", "edge"],
  ["EdgA", "edge"],
  ["EdgiOS", "edge"],
  ["Edge", "edge"],
  ["OPR", "opera"],
  ["OPT", "opera"],
  ["SamsungBrowser", "samsung"],
  ["FxiOS", "firefox"],
  ["Firefox", "firefox"],
  ["Chromium", "chromium"],
  ["CriOS", "chrome"],
  ["HeadlessChrome", "chrome"],
  ["Chrome", "chrome"],
  ["Safari", "safari"],
];

// Product tokens that these browsers also send. Any other token means an unknown browser.
const engines = ["Mozilla", "AppleWebKit", "Gecko", "Version", "Mobile", "Ubuntu"];

const systems: readonly (readonly [pattern: RegExp, system: DeviceSystem])[] = [
  [/\biPad\b/, "ipad"],
  [/\biP(hone|od)\b/, "iphone"],
  [/\bWindows NT\b/, "windows"],
  [/\bAndroid\b/, "android"],
  [/\bCrOS\b/, "chromeos"],
  [/\bMacintosh\b/, "mac"],
  [/\bLinux\b/, "linux"],
];

/** Reads a User-Agent. Names that are not listed above are never stored or shown. */
export function readUserAgent(text: string): Device {
  const system = systems.find(([pattern]) => pattern.test(text))?.[1] ?? null;
  return { family: familyOf(text), system };
}

function familyOf(text: string): BrowserFamily | null {
  const products = text
    .replace(/\([^()]*\)/g, " ")
    .split(/\s+/)
    .filter(Boolean)
    .map((product) => product.split("/")[0]!);
  const isWebView = /; wv\)/.test(text);
  const isKnown = (product: string) =>
    engines.includes(product) || families.some(([name]) => name === product);
  if (isWebView || !products.every(isKnown)) return null;
  return families.find(([product]) => products.includes(product))?.[1] ?? null;
}
