import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { isOwnPagePath } from "@/lib/core/own-paths";
import { readSettings } from "../scripts/settings.mjs";
import { freePort, serverKeys } from "./support/server";
import { expect, testWithoutServer as test } from "./support/fake-providers";

/** The build output and `npm start`; these tests need no server fixture. */

test("the build contains nothing of the fake providers", () => {
  const traces = [
    { text: "oidc-provider", from: ["scripts/fake-providers/provider.mjs"] },
    {
      text: "fake-provider-",
      from: ["scripts/fake-providers.mjs", "scripts/fake-providers/provider.mjs"],
    },
    { text: "on this machine: no password needed", from: ["scripts/fake-providers/page.mjs"] },
    { text: "Continue as somebody else", from: ["scripts/fake-providers/page.mjs"] },
    { text: "leo@corp.example", from: ["scripts/fake-providers/google.mjs"] },
    { text: "The user cancelled LinkedIn login", from: ["scripts/fake-providers/linkedin.mjs"] },
  ];
  // The sources contain these texts.
  for (const { text, from } of traces)
    for (const file of from) expect(readFileSync(file, "utf8"), file).toContain(text);

  const built = readdirSync(".next", { recursive: true, encoding: "utf8" })
    .filter((file) => !/^(cache|dev)\//.test(file))
    .map((file) => join(".next", file))
    .filter((file) => statSync(file).isFile())
    .map((file) => ({ file, bytes: readFileSync(file) }));
  const filesWith = (text: string) =>
    built
      .filter(({ file, bytes }) => file.includes(text) || bytes.includes(text))
      .map(({ file }) => file);
  for (const { text } of traces) expect(filesWith(text), text).toEqual([]);

  // The search itself works: it finds a page's text, a package and a style, on server and client.
  expect(filesWith("Email me a sign-in link").join()).toContain(".next/server/");
  expect(filesWith("errors.authjs.dev").join()).toContain(".next/server/");
  expect(filesWith("color-scheme").join()).toContain(".next/static/");
});

test("no file of the build contains a key", () => {
  const env: Record<string, string | undefined> = readSettings().env;
  const texts = readdirSync(".next", { recursive: true, encoding: "utf8" })
    .filter((file) => !file.startsWith("dev/"))
    .map((file) => join(".next", file))
    .filter((file) => statSync(file).isFile())
    .map((file) => readFileSync(file));
  expect(texts.length).toBeGreaterThan(5);
  for (const name of [...Object.keys(serverKeys), "NEXT_SERVER_ACTIONS_ENCRYPTION_KEY"]) {
    expect(env[name], name).toMatch(/^.{43,}$/);
    expect(texts.filter((text) => text.includes(env[name]!)).length, name).toBe(0);
  }
});

test("the key for server actions in the build is public, and no action's form contains a value", () => {
  // So whoever has the build, as in an image, can neither read nor forge anything. The server uses the key
  // of its environment, for the forms of pages that an adopter adds.
  const { encryptionKey, node, edge } = JSON.parse(
    readFileSync(".next/server/server-reference-manifest.json", "utf8"),
  ) as {
    encryptionKey: string;
    node: Record<string, { filename: string; exportedName: string }>;
    edge: object;
  };
  const publicKey = createHash("sha256").update("latchkey build").digest("base64");
  expect(encryptionKey).toBe(publicKey);
  const actions = Object.values(node);
  expect(actions.length).toBeGreaterThan(20);
  expect(edge).toEqual({});
  // A function inside a component, whose form carries what it closes over, has a made-up name.
  const closures = actions.filter(({ exportedName }) => !/^[a-z]\w*$/i.test(exportedName));
  expect(closures.map(({ filename }) => filename)).toEqual([]);
});

test("the build serves any origin: none of our pages is rendered before the settings are known", () => {
  const { routes, dynamicRoutes } = JSON.parse(
    readFileSync(".next/prerender-manifest.json", "utf8"),
  ) as Record<"routes" | "dynamicRoutes", object>;
  expect(Object.keys({ ...routes, ...dynamicRoutes }).filter(isOwnPagePath)).toEqual([]);
  expect(Object.keys(routes)).toContain("/_global-error");
});

/** The processes that `npm` and its descendants are, from /proc. */
function descendantsOf(pid: number): number[] {
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === pid)
    .map(Number);
  return [pid, ...children.flatMap(descendantsOf)];
}

function parentOf(pid: string) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return NaN;
  }
}

const isAlive = (pid: number) => !Number.isNaN(parentOf(String(pid)));

test("npm start starts the server and the fake providers, and a signal to npm alone ends all", async () => {
  // A whole start, on its own port and data directory. With its own keys it needs no other build.
  const dataDir = mkdtempSync(join(tmpdir(), "latchkey-start-"));
  const port = String(await freePort());
  const own = Object.keys(process.env).filter((name) => /^(AUTH_|SIGN_IN_METHODS)/.test(name));
  const npm = spawn("npm", ["start"], {
    env: {
      ...process.env,
      ...Object.fromEntries(own.map((name) => [name, ""])),
      DATA_DIR: dataDir,
      PORT: port,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(npm, "close");
  let processes: number[] = [];
  let wasKilled = false;
  try {
    const output: string[] = [];
    for await (const outputLine of createInterface(npm.stdout)) {
      output.push(outputLine);
      if (outputLine.startsWith("Started in")) break;
    }
    processes = descendantsOf(npm.pid!);
    // npm, the launcher, two fake providers and the server.
    expect(processes.length).toBeGreaterThanOrEqual(5);
    expect(output).toContain(`Latchkey is at http://localhost:${port}`);
    expect(output).toContain(
      "Google and LinkedIn are fake providers on this machine; no keys are needed",
    );
    expect(output.join("\n")).not.toMatch(/Building|Next\.js|Ready in|Local:/);
  } finally {
    npm.kill("SIGINT");
    // A launcher that does not stop in time fails the test, and must not keep running.
    const tooLong = setTimeout(() => {
      wasKilled = true;
      for (const pid of processes.filter(isAlive)) process.kill(pid, "SIGKILL");
    }, 120_000);
    await closed;
    await expect.poll(() => processes.filter(isAlive), { timeout: 240_000 }).toEqual([]);
    clearTimeout(tooLong);
    rmSync(dataDir, { recursive: true, force: true });
  }
  expect(wasKilled).toBe(false);
  // The launcher leaves no mark of its use of this folder.
  const marks = readdirSync(".running").map((name) => parseInt(name));
  expect(marks.filter((pid) => processes.includes(pid))).toEqual([]);
  expect(await closed).toEqual([null, "SIGINT"]);
});
