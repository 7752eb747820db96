import { textOf } from "./forms";

/** The title of a page, as its tab shows it. */
export const titleOf = (html: string) => textOf(/<title>(.*?)<\/title>/s.exec(html)?.[1] ?? "");

/** The tag of the field with that name, with its attributes as they are written; "" for none. */
export const fieldOf = (html: string, name: string) =>
  [...html.matchAll(/<input\b[^>]*>/g)].find(([tag]) => tag.includes(` name="${name}"`))?.[0] ?? "";
