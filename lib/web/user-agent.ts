/** The browser and system that a User-Agent names; null for unknown names. */
export interface UserAgent {
  readonly family: string | null;
  readonly system: string | null;
}

// The product token of each browser. Other browsers also send those of Chrome and Safari, so these
// come last.
const families: readonly (readonly [product: string, family: string])[] = [
  ["Edg", "Edge"],
  ["EdgA", "Edge"],
  ["EdgiOS", "Edge"],
  ["Edge", "Edge"],
  ["OPR", "Opera"],
  ["OPT", "Opera"],
  ["SamsungBrowser", "Samsung Internet"],
  ["FxiOS", "Firefox"],
  ["Firefox", "Firefox"],
  ["Chromium", "Chromium"],
  ["CriOS", "Chrome"],
  ["HeadlessChrome", "Chrome"],
  ["Chrome", "Chrome"],
  ["Safari", "Safari"],
];

// Product tokens that these browsers also send. Any other token means an unknown browser.
const engines = ["Mozilla", "AppleWebKit", "Gecko", "Version", "Mobile", "Ubuntu"];

const systems: readonly (readonly [pattern: RegExp, system: string])[] = [
  [/\biPad\b/, "iPad"],
  [/\biP(hone|od)\b/, "iPhone"],
  [/\bWindows NT\b/, "Windows"],
  [/\bAndroid\b/, "Android"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bMacintosh\b/, "Mac"],
  [/\bLinux\b/, "Linux"],
];

/** Parses a User-Agent. Emails and pages show only the names above, never text of the client. */
export function readUserAgent(text: string): UserAgent {
  const system = systems.find(([pattern]) => pattern.test(text))?.[1] ?? null;
  return { family: familyOf(text), system };
}

function familyOf(text: string): string | null {
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
