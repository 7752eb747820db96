import { expect, type Page } from "@playwright/test";
import { axeFindings } from "./axe";

const desktop = { width: 1280, height: 800 };
const phone = { width: 390, height: 844 };
/** One picture of each theme and each size, instead of all four combinations. */
const pictures = [
  { colorScheme: "light", size: "desktop", viewport: desktop },
  { colorScheme: "dark", size: "phone", viewport: phone },
] as const;
/** A window at 400 % zoom, and the narrowest phone. */
const narrow = { width: 320, height: 640 };

type Picture = (typeof pictures)[number];

/** Checks a page in both themes and sizes and with the tab key; returns its faults. */
export async function lookAt(page: Page, name: string): Promise<string[]> {
  const wrong: string[] = [];
  for (const picture of pictures) {
    wrong.push(...(await checked(page, picture)));
    const path = `test-results/screens/${picture.colorScheme}-${picture.size}-${name}.png`;
    await page.screenshot({ path, fullPage: true });
  }
  wrong.push(...(await narrowed(page)), ...(await unreachable(page)));
  return named(name, page, wrong);
}

/** Checks a page in one theme and size, without a picture and the tab key; returns its faults. */
export async function glanceAt(page: Page, name: string, n: number): Promise<string[]> {
  const wrong = await checked(page, pictures[n % pictures.length]!);
  wrong.push(...(await narrowed(page)));
  return named(name, page, wrong);
}

/** What axe finds in a page in a theme and size, which the page keeps. */
async function checked(page: Page, { colorScheme, viewport }: Picture) {
  // Without transitions, which would show colours between two themes.
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
  await page.setViewportSize(viewport);
  const faults = [
    ...(await axeFindings(page)),
    ...(await page.evaluate(tooFaint)).map((what) => `too faint: ${what}`),
  ];
  return faults.map((fault) => `${colorScheme}: ${fault}`);
}

async function narrowed(page: Page): Promise<string[]> {
  await page.setViewportSize(narrow);
  return [
    ...(await page.evaluate(tooWide)).map((what) => `wider than 320 px: ${what}`),
    ...(await page.evaluate(cut)).map((what) => `cuts its text: ${what}`),
    ...(await page.evaluate(tooSmall)).map((what) => `smaller than a finger: ${what}`),
    ...(await page.evaluate(tooLow)).map((what) => `too low on a phone: ${what}`),
    ...(await page.evaluate(repeated)).map((what) => `said more than once: ${what}`),
    ...(await page.evaluate(differentTitle)).map((what) => `another title than heading: ${what}`),
    ...(await page.evaluate(brokenReference)).map((what) => `a reference not on one line: ${what}`),
  ];
}

/** Resets the page's size and theme, and names the screen in each fault. */
async function named(name: string, page: Page, wrong: readonly string[]): Promise<string[]> {
  await page.setViewportSize(desktop);
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  return wrong.map((finding) => `${name}: ${finding}`);
}

function tooWide(): string[] {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > clientWidth + 1)
    .map((element) => element.outerHTML.slice(0, 80));
}

/** Elements other than fields that hide a part of their text. */
function cut(): string[] {
  return [...document.querySelectorAll("body :not(input, .visually-hidden)")]
    .filter(
      (element) =>
        /hidden|clip/.test(getComputedStyle(element).overflowX) &&
        element.scrollWidth > element.clientWidth + 1,
    )
    .map((element) => element.outerHTML.slice(0, 80));
}

/** Buttons, fields and links that stand alone below 44 px; the minimum does not apply to links in text. */
function tooSmall(): string[] {
  const isAlone = (link: Element) =>
    link.parentElement!.textContent!.trim() === link.textContent!.trim();
  return [
    ...document.querySelectorAll<HTMLElement>(
      "a[href], button, label.checkbox, summary, input:not([type=hidden], [type=checkbox])",
    ),
  ]
    .filter((element) => {
      if (element.matches("a:not(.button, .skip)") && !isAlone(element)) return false;
      const { height } = element.getBoundingClientRect();
      return height > 0 && height < 44;
    })
    .map(
      (element) =>
        `${element.outerHTML.slice(0, 60)} (${element.getBoundingClientRect().height} px)`,
    );
}

/** Fields, boxes and buttons whose outline has less than 3:1 against the page. */
function tooFaint(): string[] {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
  const luminanceOf = (colors: readonly string[]) => {
    for (const color of colors) {
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
    }
    const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((channel) => {
      const part = channel / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
  };
  const page = getComputedStyle(document.body).backgroundColor;
  const behind = luminanceOf(["white", page]);
  return [
    ...document.querySelectorAll<HTMLElement>("input:not([type=hidden]), button, .button"),
  ].flatMap((control) => {
    const { appearance, borderTopColor, borderTopWidth, color } = getComputedStyle(control);
    const what = control.outerHTML.slice(0, 60);
    if (!control.checkVisibility() || control.ariaDisabled === "true") return [];
    if (control.matches("[type=checkbox]:not(:checked)") && appearance !== "none")
      return [`drawn by the browser: ${what}`];
    // A button without a border is told by its text.
    const shape = luminanceOf([page, parseFloat(borderTopWidth) > 0 ? borderTopColor : color]);
    const [dark, light] = [behind, shape].sort((a, b) => a - b);
    return (light! + 0.05) / (dark! + 0.05) < 3 ? [what] : [];
  });
}

/** Errors of fields that the page says more than once. */
function repeated(): string[] {
  const text = document.querySelector("main")?.textContent ?? "";
  return [...document.querySelectorAll(".error")]
    .map((error) => error.textContent!)
    .filter((error) => text.split(error).length > 2);
}

/** A title that does not say the heading. */
function differentTitle(): string[] {
  const { title } = document;
  const { textContent } = document.querySelector("h1")!;
  return title.includes(textContent.trim()) ? [] : [title];
}

/** References that take more than a line, or of which a click does not select the whole. */
function brokenReference(): string[] {
  return [...document.querySelectorAll(".reference code")]
    .filter((code) => {
      const { lineHeight, userSelect } = getComputedStyle(code);
      const text = document.createRange();
      text.selectNodeContents(code);
      const { height } = text.getBoundingClientRect();
      return height > parseFloat(lineHeight) * 1.5 || userSelect !== "all";
    })
    .map((code) => code.outerHTML);
}

/**
 * On a phone: an account page whose tabs take two rows, or whose heading begins below 120 px, without the
 * further lines of a long address.
 */
function tooLow(): string[] {
  const nav = document.querySelector(".app > nav");
  if (!nav) return [];
  const { height } = nav.getBoundingClientRect();
  const address = document.querySelector(".app > header p")!;
  const { lineHeight, paddingBlockEnd } = getComputedStyle(address);
  const further =
    address.getBoundingClientRect().height - parseFloat(paddingBlockEnd) - parseFloat(lineHeight);
  const top = document.querySelector("h1")!.getBoundingClientRect().top + scrollY - further;
  return [
    ...(height > 50 ? [`tabs of ${height} px`] : []),
    ...(top > 120 ? [`a heading at ${top} px`] : []),
  ];
}

/** Controls that the tab key does not reach, or that show no focus. */
async function unreachable(page: Page): Promise<string[]> {
  const controls = page.locator("a[href], button, input:not([type=hidden]), summary");
  const count = await controls.evaluateAll((all) => {
    const visible = all.filter((one) => one.checkVisibility());
    visible.forEach((one, at) => one.setAttribute("data-control", String(at)));
    return visible.length;
  });
  expect(count).toBeGreaterThan(0);
  await page.evaluate(() => {
    // Starts at the top, wherever the page put its focus.
    (document.activeElement as HTMLElement | null)?.blur();
    getSelection()?.setPosition(document.body, 0);
  });
  const wrong: string[] = [];
  const reached = new Set<string>();
  // Day, month, year and calendar of a date are reached one by one.
  const further = 3 * (await page.locator("input[type=date]").count());
  for (let presses = 0; presses < count + further + 3; presses += 1) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      if (!(element instanceof HTMLElement) || element === document.body) return null;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const { right, bottom } = element.getBoundingClientRect();
      return {
        at: element.dataset.control ?? "",
        what: element.outerHTML.slice(0, 80),
        shown: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && right > 0 && bottom > 0,
      };
    });
    if (!focused) continue;
    reached.add(focused.at);
    if (!focused.shown) wrong.push(`focus does not show on ${focused.what}`);
  }
  for (let at = 0; at < count; at += 1)
    if (!reached.has(String(at)))
      wrong.push(`the keyboard does not reach control ${at} of ${count}`);
  return wrong;
}
