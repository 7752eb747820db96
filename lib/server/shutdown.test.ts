import { once } from "node:events";
import { createServer, get, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { drainBeforeClose } from "./shutdown";

const drain = vi.hoisted(() => ({ seconds: 10 }));
vi.mock(import("@/lib/core/policy"), async (original) => {
  const policy = await original();
  const intervals = Object.defineProperty({ ...policy.intervals }, "drain", {
    get: () => drain.seconds,
  });
  return { ...policy, intervals } as never;
});

let server: Server;
let port: number;
const responses: ServerResponse[] = [];
let endJobs: () => void;
let stopJobs: ReturnType<typeof vi.fn<() => Promise<void>>>;

beforeEach(async () => {
  drain.seconds = 10;
  responses.length = 0;
  const jobs = new Promise<void>((resolve) => (endJobs = resolve));
  stopJobs = vi.fn(() => jobs);
  server = createServer((_, response) => {
    responses.push(response);
    server.emit("test request");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  ({ port } = server.address() as AddressInfo);
  drainBeforeClose(server, stopJobs);
});
afterEach(() => {
  server.closeAllConnections();
  vi.restoreAllMocks();
});

/** Closes the server as Next does, and says whether it has closed. */
function close() {
  const state = { closed: false };
  const closing = new Promise<void>((resolve) => {
    server.close(() => {
      state.closed = true;
      resolve();
    });
  });
  return { state, closing };
}

test("a server that closes waits for its jobs, and stops them at once", async () => {
  const { state, closing } = close();
  expect(stopJobs).toHaveBeenCalledOnce();
  await once(server, "close");
  await new Promise(setImmediate);
  expect(state.closed).toBe(false);
  endJobs();
  await closing;
});

test("a server that closes lets a request end, and closes its idle connection", async () => {
  const response = new Promise<string>((resolve, reject) => {
    get({ port, host: "127.0.0.1", headers: { connection: "keep-alive" } }, (incoming) => {
      let text = "";
      incoming.on("data", (chunk: Buffer) => (text += chunk.toString()));
      incoming.on("end", () => resolve(text));
    }).on("error", reject);
  });
  await once(server, "test request");
  const { closing } = close();
  endJobs();
  responses[0]!.end("done");
  expect(await response).toBe("done");
  await closing;
});

test("a server that closes still serves whoever has connected before", async () => {
  server.on("test request", () => responses.at(-1)!.end("done"));
  // The system accepts them at once, and the server in a later turn of its event loop.
  const statuses = Array.from(
    { length: 20 },
    () =>
      new Promise<number | string>((resolve) => {
        get({ port, host: "127.0.0.1", agent: false }, (incoming) => {
          incoming.resume();
          resolve(incoming.statusCode ?? 0);
        }).on("error", ({ message }) => resolve(message));
      }),
  );
  await new Promise(process.nextTick);
  const { closing } = close();
  endJobs();
  expect(new Set(await Promise.all(statuses))).toEqual(new Set([200]));
  await closing;
});

test("a server that closes cuts connections that stay busy", async () => {
  drain.seconds = 0.2;
  const silent = connect(port, "127.0.0.1");
  silent.on("error", () => {});
  await once(silent, "connect");
  silent.write("GET / HTTP/1.1\r\nHost:");
  const { closing } = close();
  endJobs();
  await closing;
});
