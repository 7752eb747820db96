import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { type HttpResponse, send } from "./http";

/** Bytes as they travel and as they are. */
export interface Size {
  readonly wire: number;
  readonly raw: number;
}

/** What a browser fetches with a first visit. */
export interface Weight {
  readonly html: Size;
  readonly css: Size;
  /** Scripts that Next serves: its runtime, and whatever client components there are. */
  readonly nextScript: Size;
  /** Scripts of our own, outside of Next. */
  readonly ownScript: Size;
}

export async function checkStrength(origin: string, path: string): Promise<Weight> {
  const page = await fetchLikeBrowsers(origin, path);
  const tags =
    unpack(page)
      .toString("utf8")
      .match(/<(?:script|link)\b[^>]*>/g) ?? [];
  // Old browsers fetch the nomodule scripts; those that do would not get the others.
  const scripts = tags
    .filter((tag) => /^<script|\bas="script"/.test(tag) && !/\bnomodule\b/i.test(tag))
    .flatMap(addressIn);
  const styles = tags.filter((tag) => /\brel="stylesheet"/.test(tag)).flatMap(addressIn);
  const isNexts = (address: string) => address.startsWith("/_next/");
  const sum = (addresses: string[]) => total(origin, [...new Set(addresses)]);
  return {
    html: sizeOf(page),
    css: await sum(styles),
    nextScript: await sum(scripts.filter(isNexts)),
    ownScript: await sum(scripts.filter((address) => !isNexts(address))),
  };
}

const addressIn = (tag: string) => /\b(?:src|href)="([^"]+)"/.exec(tag)?.[1] ?? [];

async function total(origin: string, addresses: string[]): Promise<Size> {
  const sizes: Size[] = [];
  for (const address of addresses) sizes.push(sizeOf(await fetchLikeBrowsers(origin, address)));
  return {
    wire: sizes.reduce((sum, { wire }) => sum + wire, 0),
    raw: sizes.reduce((sum, { raw }) => sum + raw, 0),
  };
}

const fetchLikeBrowsers = (origin: string, path: string) =>
  send(origin, path, { headers: { "Accept-Encoding": "gzip, br" } });

const sizeOf = (response: HttpResponse): Size => ({
  wire: response.body.length,
  raw: unpack(response).length,
});

function unpack({ headers, body }: HttpResponse): Buffer {
  const encoding = headers["content-encoding"];
  if (encoding === "br") return brotliDecompressSync(body);
  return encoding === "gzip" ? gunzipSync(body) : body;
}
