import { AsyncLocalStorage } from "node:async_hooks";
import { EventEmitter, getEventListeners, once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createPatchedFetcher } from "next/dist/server/lib/patch-fetch";
import { afterEach, expect, test, vi } from "vitest";
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

test("the time limit ends a request within a request to Next, whose own fetch copies it", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const requests = new AsyncLocalStorage<never>();
  const stores = {
    workAsyncStorage: requests,
    workUnitAsyncStorage: new AsyncLocalStorage<never>(),
  };
  vi.stubGlobal("fetch", createPatchedFetcher(fetch, stores));
  ends.push(() => vi.unstubAllGlobals());
  const limit = new AbortController();
  const arrivals = new EventEmitter();
  const silent = await serve((_, response) => void arrivals.emit("request", response));
  const request = { route: "/callback" } as never;
  const response = requests.run(request, () => fetchJson(silent, limit.signal));
  const [exchange] = (await once(arrivals, "request")) as [ServerResponse];
  const closed = once(exchange, "close");
  collectGarbage();
  limit.abort();
  await expect(response).rejects.toThrow("timeout");
  await closed;
});
