/** Fake providers, for those that this machine has no keys for. Each runs in its own process. */
import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { exitCode, Failure } from "./run.mjs";
import { isLoopback, isLoopbackName } from "./settings.mjs";

const PROGRAM = join(import.meta.dirname, "fake-provider.mjs");
const names = { google: "Google", linkedin: "LinkedIn" };

/**
 * Starts a fake for each provider that `env` offers and does not configure; none on a public origin, nor
 * for a server that accepts connections from other machines (X1).
 * Returns their names, the environment variables of a server that uses them, and `stop`.
 */
export async function startFakeProviders(env, { program = PROGRAM, runTimeout = 10_000 } = {}) {
  // A development package, which a pruned installation lacks.
  const areInstalled = program !== PROGRAM || existsSync("node_modules/oidc-provider");
  const isLocal = isLoopback(env.AUTH_URL) && isLoopbackName(env.HOST ?? "127.0.0.1");
  const isOffered = areInstalled && isLocal;
  const ids = isOffered ? Object.keys(names).filter((id) => isMissing(env, id)) : [];
  const starting = await Promise.allSettled(ids.map((id) => start(id, program, runTimeout)));
  const started = starting.flatMap(({ value }) => value ?? []);
  const stop = async () => void (await Promise.all(started.map((one) => one.stop())));
  const failed = starting.find(({ reason }) => reason);
  if (failed) {
    await stop();
    throw failed.reason;
  }
  return {
    names: ids.map((id) => names[id]),
    env: Object.assign({}, ...started.map((one) => one.env)),
    stop,
  };
}

const variable = (id, part) => `AUTH_${id.toUpperCase()}_${part}`;

function isMissing(env, id) {
  const methods = env.SIGN_IN_METHODS?.split(",").map((name) => name.trim());
  const isOffered = methods?.includes(id) ?? true;
  return isOffered && !["ID", "SECRET", "ISSUER"].some((part) => env[variable(id, part)]);
}

async function start(id, program, runTimeout) {
  const client = {
    [variable(id, "ID")]: `fake-provider-${id}`,
    [variable(id, "SECRET")]: randomBytes(32).toString("base64url"),
  };
  // The child gets no other variables: PORT and the keys belong to the server.
  const child = fork(program, [id], {
    env: client,
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const ended = once(child, "exit").then((how) => exitCode(...how));
  const { issuer, problem } = await Promise.race([
    once(child, "message").then(([message]) => message),
    ended.then((code) => ({ problem: `it ended with exit code ${code}` })),
    sleep(runTimeout, { problem: `no word from it in ${runTimeout / 1000} s` }, { ref: false }),
  ]);
  if (problem) {
    child.kill("SIGKILL");
    await ended;
    throw new Failure(`The fake ${names[id]} did not start: ${problem}.`);
  }

  let stopping = false;
  void ended.then((code) => {
    if (!stopping)
      console.error(
        `The fake ${names[id]} ended with exit code ${code}; restart to sign in with it.`,
      );
  });
  return {
    env: { ...client, [variable(id, "ISSUER")]: issuer },
    stop() {
      stopping = true;
      // It ignores SIGTERM, and has nothing to save.
      child.kill("SIGKILL");
      return ended;
    },
  };
}
