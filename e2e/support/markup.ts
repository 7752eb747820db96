import { textOf } from "./forms";

/** The title of a page. */
export const titleOf = (html: string) => textOf(/<title>(.*?)<\/title>/s.exec(html)?.[1] ?? "");

/** The `<input>` tag with that name, or "". */
export const fieldOf = (html: string, name: string) =>
  [...html.matchAll(/<input\b[^>]*>/g)].find(([tag]) => tag.includes(` name="${name}"`))?.[0] ?? "";
