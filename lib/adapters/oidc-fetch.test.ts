import { getEventListeners, once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { fetchJson } from "./oidc-fetch";

const ends: (() => unknown)[] = [];
afterEach(() => ends.splice(0).forEach((end) => end()));

async function serve(handler: RequestListener) {
  const server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return new Request(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

const json = { "content-type": "application/json" };
const html = { "content-type": "text/html" };

test.each<[string, RequestListener]>([
  ["JSON", (_, response) => response.writeHead(200, json).end("{}")],
  ["HTML", (_, response) => response.writeHead(200, html).end("<p>")],
  ["a server error", (_, response) => response.writeHead(503, json).end("{}")],
  ["no response", (request) => request.socket.destroy()],
])("the time limit has no effect on a request that is over: %s", async (_, handler) => {
  const limit = new AbortController();
  await fetchJson(await serve(handler), limit.signal).catch(() => {});
  expect(getEventListeners(limit.signal, "abort")).toEqual([]);
});

test("a response that is refused by its headers is not read to its end", async () => {
  let closed: Promise<unknown> | undefined;
  const endless = await serve((_, response) => {
    closed = once(response, "close");
    const more = () => {
      while (!response.destroyed && response.write(" ".repeat(10_000)));
    };
    response.writeHead(200, html).on("drain", more);
    more();
  });
  await expect(fetchJson(endless, new AbortController().signal)).rejects.toThrow("not_json");
  await closed;
});
