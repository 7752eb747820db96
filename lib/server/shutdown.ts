import type { Server } from "node:http";
import { intervals } from "@/lib/core/policy";

/** Lets the process continue when its output has no reader any more (EPIPE) or no space (ENOSPC). */
export function ignoreOutputErrors(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}

/** Ends the server on SIGHUP as on SIGTERM. Next handles SIGTERM and SIGINT, and no SIGHUP. */
export function endOnHangup(): void {
  process.on("SIGHUP", () => process.emit("SIGTERM", "SIGTERM"));
}

/**
 * Lets a server close only when `stopJobs` is done too, and then `settleTasks`, which waits for what the
 * last responses have left to do. Connections that are still busy after `intervals.drain` are cut. Next
 * ends the process when its server has closed, so a letter that is being sent would be sent again by the
 * next process.
 *
 * Node closes idle connections once, when a server begins to close. Later ones, and those that have
 * never sent anything, would keep it open.
 */
export function drainBeforeClose(
  server: Server,
  stopJobs: () => Promise<void>,
  settleTasks: () => Promise<void> = () => Promise.resolve(),
): void {
  const close = server.close.bind(server);
  server.close = (callback) => {
    const stopped = stopJobs();
    void quietTurn(server).then(() => {
      const look = setInterval(() => server.closeIdleConnections(), intervals.idleConnectionPollMs);
      const cut = setTimeout(() => server.closeAllConnections(), intervals.drain * 1000);
      close((error) => {
        clearInterval(look);
        clearTimeout(cut);
        void Promise.all([stopped, settleTasks()]).then(() => callback?.(error));
      });
    });
    return server;
  };
}

/**
 * Resolves after a turn of the event loop in which nobody connected, and which took hardly any time. When a
 * server closes, the system resets the connections that it has not accepted yet, and a turn accepts one.
 */
async function quietTurn(server: Server): Promise<void> {
  let accepted = 0;
  const count = () => void (accepted += 1);
  server.on("connection", count);
  const deadline = performance.now() + intervals.acceptLast * 1000;
  // The present turn may have looked for connections already.
  await new Promise(setImmediate);
  for (let isQuiet = false; !isQuiet && performance.now() < deadline;) {
    const [since, before] = [performance.now(), accepted];
    await new Promise(setImmediate);
    isQuiet = accepted === before && performance.now() - since < intervals.quietTurnMs;
  }
  server.off("connection", count);
}
