import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { type HttpResponse, send } from "./http";

/** Bytes as sent and unpacked. */
export interface Size {
  readonly sent: number;
  readonly raw: number;
}

/** What a browser loads on its first visit. */
export interface PageSize {
  readonly html: Size;
  readonly css: Size;
  /** Next's scripts: its runtime and any client components. */
  readonly nextScript: Size;
  /** Our own scripts, outside of Next. */
  readonly ownScript: Size;
}

export async function measurePageSize(origin: string, path: string): Promise<PageSize> {
  const page = await fetchCompressed(origin, path);
  const tags =
    unpack(page)
      .toString("utf8")
      .match(/<(?:script|link)\b[^>]*>/g) ?? [];
  // Only old browsers load the nomodule scripts.
  const scripts = tags
    .filter((tag) => /^<script|\bas="script"/.test(tag) && !/\bnomodule\b/i.test(tag))
    .flatMap(addressIn);
  const styles = tags.filter((tag) => /\brel="stylesheet"/.test(tag)).flatMap(addressIn);
  const isFromNext = (address: string) => address.startsWith("/_next/");
  const sum = (addresses: string[]) => total(origin, [...new Set(addresses)]);
  return {
    html: sizeOf(page),
    css: await sum(styles),
    nextScript: await sum(scripts.filter(isFromNext)),
    ownScript: await sum(scripts.filter((address) => !isFromNext(address))),
  };
}

const addressIn = (tag: string) => /\b(?:src|href)="([^"]+)"/.exec(tag)?.[1] ?? [];

async function total(origin: string, addresses: string[]): Promise<Size> {
  const sizes: Size[] = [];
  for (const address of addresses) sizes.push(sizeOf(await fetchCompressed(origin, address)));
  return {
    sent: sizes.reduce((sum, { sent }) => sum + sent, 0),
    raw: sizes.reduce((sum, { raw }) => sum + raw, 0),
  };
}

const fetchCompressed = (origin: string, path: string) =>
  send(origin, path, { headers: { "Accept-Encoding": "gzip, br" } });

const sizeOf = (response: HttpResponse): Size => ({
  sent: response.body.length,
  raw: unpack(response).length,
});

function unpack({ headers, body }: HttpResponse): Buffer {
  const encoding = headers["content-encoding"];
  if (encoding === "br") return brotliDecompressSync(body);
  return encoding === "gzip" ? gunzipSync(body) : body;
}
