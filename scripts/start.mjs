/**
 * `npm start`: from a fresh clone to a page that answers. It installs and builds when there is
 * something new and then runs the server; everything it cannot know is left to lib/core/env.ts.
 *
 *   --dev          the development server, which builds as it goes
 *   --build-only   stops before the server
 */
import "./node-version.mjs";
import { spawn } from "node:child_process";
import { get } from "node:http";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "./build.mjs";
import { install } from "./install.mjs";
import { exitCode, Failure, main, onSignal, seconds, tool } from "./run.mjs";
import { readSettings } from "./settings.mjs";
import { startStandIns } from "./fake-providers.mjs";

const dev = process.argv.includes("--dev");
const buildOnly = process.argv.includes("--build-only");

let server;

await main(async () => {
  onSignal((signal) => (server ? server.kill(signal) : process.exit(exitCode(null, signal))));
  const since = performance.now();
  const settings = readSettings();
  // Asked first: nobody should wait for a build to learn that the port is taken.
  if (!buildOnly) await refuseBusyPort(settings.env);
  await install();
  if (!dev) await build(settings.env);
  if (buildOnly) return;

  const standIns = await startStandIns(settings.env);
  return run(settings, standIns, since).finally(standIns.stop);
});

/** Resolves with the server's exit code. */
async function run(settings, standIns, since) {
  server = serve({ ...settings.env, ...standIns.env });
  const exit = new Promise((resolve) => {
    server.once("exit", (code, signal) => resolve(exitCode(code, signal)));
  });
  const announced = filterNextBanner(server.stdout);
  if (await responses(settings, exit)) printReady(settings, standIns, since);
  announced();
  return exit;
}

function serve(env) {
  const mode = dev ? "dev" : "start";
  const [command, args] = tool("next/dist/bin/next", mode, "-H", env.HOST, "-p", env.PORT);
  return spawn(command, args, {
    env: { ...env, NODE_ENV: dev ? "development" : "production" },
    stdio: ["inherit", dev ? "inherit" : "pipe", "inherit"],
  });
}

/**
 * Next announces the address it bound, which need not be the one people use; greet() tells that.
 * Returns what to call when the announcements are over.
 */
function filterNextBanner(stdout) {
  const filter = (chunk) => {
    for (const logLine of String(chunk).split(/(?<=\n)/))
      if (!/^\s*(▲|✓|- (Local|Network):|$)/.test(logLine)) process.stdout.write(logLine);
  };
  stdout?.on("data", filter);
  return () => stdout?.off("data", filter).pipe(process.stdout);
}

async function refuseBusyPort({ HOST, PORT }) {
  const probe = createServer();
  await new Promise((resolve, reject) => {
    probe.once("error", ({ code, message }) => {
      reject(new Failure(code === "EADDRINUSE" ? `Port ${PORT} is in use.` : message));
    });
    probe.listen({ host: HOST, port: PORT }, () => probe.close(resolve));
  });
}

/** True once the sign-in page answers, false when the server ended before it could. */
async function responses({ env: { HOST, PORT }, origin }, exit) {
  // Reached where it listens, addressed as people address it: another Host is sent elsewhere.
  const page = {
    host: { "0.0.0.0": "127.0.0.1", "::": "::1" }[HOST] ?? HOST,
    port: PORT,
    path: "/sign-in",
    headers: { host: new URL(origin).host },
    agent: false,
  };
  const ask = () =>
    new Promise((resolve) => {
      get(page, (response) => resolve(response.resume())).once("error", () => resolve(null));
    });
  const ended = exit.then(() => "ended");
  for (;;) {
    const httpResponse = await Promise.race([ask(), ended]);
    if (httpResponse) return httpResponse !== "ended";
    await sleep(50);
  }
}

function printReady({ origin, mailbox }, { names }, since) {
  console.log(`Latchkey is at ${origin}`);
  if (mailbox) console.log(`Mail goes to ${origin}/mailbox`);
  if (names.length > 0) {
    const are = names.length > 1 ? "are stand-ins" : "is a stand-in";
    console.log(`${names.join(" and ")} ${are} on this machine; no keys are needed`);
  }
  console.log(`Started in ${seconds(since)}`);
}
