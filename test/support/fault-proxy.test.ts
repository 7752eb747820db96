import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FaultProxy } from "./fault-proxy";

/** The latency of the proxy, by a clock that the tests set. */

const target = createServer();
let proxy: FaultProxy;
beforeEach(async () => {
  target.listen(0, "127.0.0.1");
  await once(target, "listening");
  proxy = await FaultProxy.before(`tcp://127.0.0.1:${(target.address() as AddressInfo).port}`);
  vi.useFakeTimers({ toFake: ["setTimeout"] });
});
afterEach(async () => {
  vi.useRealTimers();
  await proxy.close();
  target.close();
  await once(target, "close");
});

/** The two ends of a connection through the proxy. */
async function join(): Promise<readonly [End, End]> {
  const { port } = new URL(proxy.url);
  const client = connect(Number(port), "127.0.0.1");
  const [other] = (await once(target, "connection")) as [Socket];
  return [endOf(client), endOf(other)];
}

/** `expect.poll` would advance the clock. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setImmediate();
}

interface End {
  readonly socket: Socket;
  received: string;
}

function endOf(socket: Socket): End {
  const end: End = { socket, received: "" };
  socket.on("data", (chunk: Buffer) => (end.received += chunk.toString()));
  socket.on("error", () => {});
  return end;
}

test.each(["to the target", "to the client"])(
  "what is sent %s arrives after the latency, and in order when it has ended meanwhile",
  async (direction) => {
    const isToTarget = direction === "to the target";
    const ends = await join();
    const [from, to] = isToTarget ? ends : ends.toReversed();
    const [later, laterTo] = await join();
    proxy.delay(40);
    from!.socket.write("first ");
    await until(() => vi.getTimerCount() === 1);
    proxy.delay(10);
    from!.socket.write("second ");
    await until(() => vi.getTimerCount() === 2);
    proxy.restore();
    from!.socket.write("third");
    // Another connection is not held up. The proxy has then read what was sent before.
    later.socket.write("other");
    await until(() => laterTo.received === "other");
    await vi.advanceTimersByTimeAsync(39);
    expect(to!.received).toBe("");
    await vi.advanceTimersByTimeAsync(1);
    await until(() => to!.received === "first second third");
  },
);

test("a connection that is lost delivers nothing of what was on its way", async () => {
  const [from, to] = await join();
  proxy.delay(40);
  from.socket.write("first");
  await until(() => vi.getTimerCount() === 1);
  proxy.halfOpen();
  proxy.restore();
  await vi.advanceTimersByTimeAsync(40);
  const [later, laterTo] = await join();
  later.socket.write("other");
  await until(() => laterTo.received === "other");
  expect(to.received).toBe("");
});
