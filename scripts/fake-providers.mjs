/** Stand-ins for the providers that this machine has no keys for; each is a process of its own. */
import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { exitCode, Failure } from "./run.mjs";
import { isLoopback } from "./settings.mjs";

const STAND_IN = join(import.meta.dirname, "stand-in.mjs");
const names = { google: "Google", linkedin: "LinkedIn" };

/**
 * Starts one for each provider that `env` offers and sets nothing for; a public origin gets none.
 * Returns their names, the environment of a server that uses them, and what stops them.
 */
export async function startStandIns(env, { program = STAND_IN, runTimeout = 10_000 } = {}) {
  const ids = isLoopback(env.AUTH_URL) ? Object.keys(names).filter((id) => isMissing(env, id)) : [];
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
    [variable(id, "ID")]: `stand-in-${id}`,
    [variable(id, "SECRET")]: randomBytes(32).toString("base64url"),
  };
  // It gets nothing else of our environment, whose PORT and keys are the server's.
  const child = fork(program, [id], {
    env: client,
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const ended = once(child, "exit").then((how) => exitCode(...how));
  const { issuer, problem } = await Promise.race([
    once(child, "message").then(([told]) => told),
    ended.then((code) => ({ problem: `it ended with exit code ${code}` })),
    sleep(runTimeout, { problem: `no word from it in ${runTimeout / 1000} s` }, { ref: false }),
  ]);
  if (problem) {
    child.kill("SIGKILL");
    await ended;
    throw new Failure(`The stand-in for ${names[id]} did not start: ${problem}.`);
  }

  let stopping = false;
  void ended.then((code) => {
    if (!stopping)
      console.error(
        `The stand-in for ${names[id]} ended with exit code ${code}; restart to sign in with it.`,
      );
  });
  return {
    env: { ...client, [variable(id, "ISSUER")]: issuer },
    stop() {
      stopping = true;
      child.kill();
      return ended;
    },
  };
}
