/**
 * `npm start`: installs and builds when necessary, then runs the server. lib/core/env.ts validates
 * the settings.
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
import { startFakeProviders } from "./fake-providers.mjs";

const dev = process.argv.includes("--dev");
const buildOnly = process.argv.includes("--build-only");

let server;

await main(async () => {
  onSignal((signal) => (server ? server.kill(signal) : process.exit(exitCode(null, signal))));
  const since = performance.now();
  const settings = readSettings();
  // Checked first, because a port in use should be reported before a long build.
  if (!buildOnly) await refuseBusyPort(settings.env);
  await install();
  if (!dev) await build(settings.env);
  if (buildOnly) return;

  const fakeProviders = await startFakeProviders(settings.env);
  return run(settings, fakeProviders, since).finally(fakeProviders.stop);
});

/** Resolves with the server's exit code. */
async function run(settings, fakeProviders, since) {
  server = serve({ ...settings.env, ...fakeProviders.env });
  const exit = new Promise((resolve) => {
    server.once("exit", (code, signal) => resolve(exitCode(code, signal)));
  });
  const endFilter = filterNextBanner(server.stdout);
  if (await isReady(settings, exit)) printReady(settings, fakeProviders, since);
  endFilter();
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
 * Removes Next's banner: it names the bound address, and printReady() names the public one. Returns
 * a function that ends the filter.
 */
function filterNextBanner(stdout) {
  const filter = (chunk) => {
    for (const outputLine of String(chunk).split(/(?<=\n)/))
      if (!/^\s*(▲|✓|- (Local|Network):|$)/.test(outputLine)) process.stdout.write(outputLine);
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

/** True once the sign-in page responds, false when the server ends before. */
async function isReady({ env: { HOST, PORT }, origin }, exit) {
  // Connects to the bound address with the public Host, because any other Host is redirected.
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
    const result = await Promise.race([ask(), ended]);
    if (result) return result !== "ended";
    await sleep(50);
  }
}

function printReady({ origin, mailbox }, { names }, since) {
  console.log(`Latchkey is at ${origin}`);
  if (mailbox) console.log(`Mail goes to ${origin}/mailbox`);
  if (names.length > 0) {
    const are = names.length > 1 ? "are fake providers" : "is a fake provider";
    console.log(`${names.join(" and ")} ${are} on this machine; no keys are needed`);
  }
  console.log(`Started in ${seconds(since)}`);
}
