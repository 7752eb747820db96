/** Runs the server for `npm start`: neither outlives the other. */
import { once } from "node:events";
import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { exitCode, Failure, preload, spawnFollower, tool } from "./run.mjs";

/** So many errors, and a server has failed to start. Next keeps a module that it could not load. */
const ERRORS = 3;
/** In milliseconds: how long a failed server may take to end. */
const END_TIMEOUT = 10_000;

/** The command of Next's server. */
export function nextServer({ HOST, PORT }, { dev }) {
  const [node, args] = tool("next/dist/bin/next", dev ? "dev" : "start", "-H", HOST, "-p", PORT);
  return [node, dev ? args : [...preload("without-banner.mjs"), ...args]];
}

/**
 * Starts a server. `exit` resolves with its exit code. `untilReady` resolves to whether it responds, and
 * to false when it has ended before.
 */
export function serve(command, env) {
  // The output is the server's own: a launcher between them could lose it, or hold it back.
  const child = spawnFollower(command, { env, stdio: ["inherit", "inherit", "inherit"] });
  const exit = once(child, "exit").then((how) => exitCode(...how));
  return {
    exit,
    /** Next's server does not know SIGHUP, by which a closed terminal asks it to end. */
    end: (signal) => child.kill(signal === "SIGHUP" ? "SIGTERM" : signal),
    /**
     * With `mayFail`, for a development server, errors are waited out. Otherwise ends a server that
     * responds with errors, and throws a `Failure`.
     */
    async untilReady(settings, { mayFail = false } = {}) {
      const failed = await firstError(settings, { exit, mayFail });
      if (failed === "ended") return false;
      if (!failed) return true;
      child.kill("SIGTERM");
      const tooLong = setTimeout(() => child.kill("SIGKILL"), END_TIMEOUT);
      await exit;
      clearTimeout(tooLong);
      throw new Failure(
        `Latchkey did not start: ${failed.path} responds with status ${failed.status}. The output above says why.`,
      );
    },
  };
}

/** Undefined once the server is ready, "ended" when it has ended before, or a path that fails. */
async function firstError(settings, { exit, mayFail }) {
  const ended = exit.then(() => "ended");
  let errors = 0;
  for (const path of ["/livez", "/sign-in"])
    for (;;) {
      const status = await Promise.race([statusOf(path, settings), ended]);
      if (status === "ended") return "ended";
      if (isReady(path, status)) break;
      if (status && (errors += 1) >= ERRORS && !mayFail) return { path, status };
      await sleep(50);
    }
}

/** A page may be unavailable with its database, while the server itself is up. */
const isReady = (path, status) =>
  path === "/livez" ? status === 200 : status > 0 && (status < 500 || status === 503);

/** The status of a response; null without one. */
function statusOf(path, { env: { HOST, PORT }, origin }) {
  // Connects to the bound address with the public Host, because any other Host is redirected.
  const request = {
    host: { "0.0.0.0": "127.0.0.1", "::": "::1" }[HOST] ?? HOST,
    port: PORT,
    path,
    headers: { host: new URL(origin).host },
    agent: false,
  };
  return new Promise((resolve) => {
    get(request, (response) => resolve(response.resume().statusCode)).once("error", () =>
      resolve(null),
    );
  });
}
