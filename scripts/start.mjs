/**
 * `npm start`: installs and builds when necessary, then runs the server. lib/core/env.ts validates
 * the settings.
 *
 *   --dev          the development server, which builds as it goes
 *   --build-only   stops before the server
 */
import "./node-version.mjs";
import { createServer } from "node:net";
import { build } from "./build.mjs";
import { startFakeProviders } from "./fake-providers.mjs";
import { exclusively, useFolder } from "./folder-use.mjs";
import { install } from "./install.mjs";
import { endBySignal, exitCode, Failure, main, onNpmEnd, onSignal, seconds } from "./run.mjs";
import { nextServer, serve } from "./serve.mjs";
import { readSettings } from "./settings.mjs";

const dev = process.argv.includes("--dev");
const buildOnly = process.argv.includes("--build-only");

let server;
let endedBy;

await main(async () => {
  onSignal(endOn);
  onNpmEnd(() => endOn("SIGHUP"));
  const since = performance.now();
  const settings = readSettings();
  for (const note of settings.notes) console.warn(note);
  // Checked first, because a port in use should be reported before a long build.
  if (!buildOnly) await refuseBusyPort(settings.env);
  const endUse = await exclusively(async () => {
    await install({ withDevelopment: dev });
    if (!dev) await build(settings.env);
    // Until this process ends: no other one may replace what the server has not loaded yet.
    if (!buildOnly) return useFolder(dev ? "dev" : "server");
  });
  if (buildOnly) return;

  const fakeProviders = await startFakeProviders(settings.env);
  const code = await run(settings, fakeProviders, since).finally(fakeProviders.stop);
  // A signal lets this process end without the event "exit".
  endUse();
  if (endedBy) endBySignal(endedBy);
  return code;
});

function endOn(signal) {
  endedBy = signal;
  if (server) server.end(signal);
  else process.exit(exitCode(null, signal));
}

/** Resolves with the server's exit code. */
async function run(settings, fakeProviders, since) {
  server = serve(nextServer(settings.env, { dev }), {
    ...settings.env,
    ...fakeProviders.env,
    NODE_ENV: dev ? "development" : "production",
  });
  if (await server.untilReady(settings, { mayFail: dev }))
    printReady(settings, fakeProviders, since);
  return server.exit;
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

function printReady({ origin, mailbox }, { names }, since) {
  console.log(`Latchkey is at ${origin}`);
  if (mailbox) console.log(`Mail goes to ${origin}/mailbox`);
  if (names.length > 0) {
    const are = names.length > 1 ? "are fake providers" : "is a fake provider";
    console.log(`${names.join(" and ")} ${are} on this machine; no keys are needed`);
  }
  console.log(`Started in ${seconds(since)}`);
}
