import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { readSettings } from "../scripts/settings.mjs";
import { freePort, serverKeys } from "./support/server";
import { expect, testWithoutServer as test } from "./support/fake-providers";

/** What the build made, and what starts it; neither needs a server of the tests. */

test("nothing of the stand-ins is in the build", () => {
  const traces = [
    { text: "oidc-provider", from: ["scripts/fake-providers/provider.mjs"] },
    {
      text: "stand-in-",
      from: ["scripts/fake-providers.mjs", "scripts/fake-providers/provider.mjs"],
    },
    { text: "Stand-in for", from: ["scripts/fake-providers/page.mjs"] },
    { text: "Continue as somebody else", from: ["scripts/fake-providers/page.mjs"] },
    { text: "leo@corp.example", from: ["scripts/fake-providers/google.mjs"] },
    { text: "The user cancelled LinkedIn login", from: ["scripts/fake-providers/linkedin.mjs"] },
  ];
  // What is looked for is what there is to be found.
  for (const { text, from } of traces)
    for (const file of from) expect(readFileSync(file, "utf8"), file).toContain(text);

  const built = readdirSync(".next", { recursive: true, encoding: "utf8" })
    .filter((file) => !/^(cache|dev)\//.test(file))
    .map((file) => join(".next", file))
    .filter((file) => statSync(file).isFile())
    .map((file) => ({ file, bytes: readFileSync(file) }));
  const holding = (text: string) =>
    built
      .filter(({ file, bytes }) => file.includes(text) || bytes.includes(text))
      .map(({ file }) => file);
  for (const { text } of traces) expect(holding(text), text).toEqual([]);

  // And the search finds what is there: a text of a page, a package, a style, on both sides.
  expect(holding("Email me a sign-in link").join()).toContain(".next/server/");
  expect(holding("errors.authjs.dev").join()).toContain(".next/server/");
  expect(holding("color-scheme").join()).toContain(".next/static/");
});

test("no key of the build is in what browsers are sent, nor in a source map", () => {
  const env: Record<string, string | undefined> = readSettings().env;
  const texts = readdirSync(".next", { recursive: true, encoding: "utf8" })
    .filter((file) => /^static\/.*\.\w+$|\.map$/.test(file))
    .map((file) => readFileSync(join(".next", file)));
  expect(texts.length).toBeGreaterThan(5);
  for (const name of [...Object.keys(serverKeys), "NEXT_SERVER_ACTIONS_ENCRYPTION_KEY"]) {
    expect(env[name], name).toMatch(/^.{43,}$/);
    expect(texts.filter((text) => text.includes(env[name]!)).length, name).toBe(0);
  }
});

test("npm start brings stand-ins along and takes them with it", async () => {
  // A whole start, beside whatever else runs.
  const dataDir = mkdtempSync(join(tmpdir(), "latchkey-start-"));
  const port = String(await freePort());
  // The key the build was made with, so that it is not made again; of everything else the default.
  const { NEXT_SERVER_ACTIONS_ENCRYPTION_KEY } = readSettings().env as Record<string, string>;
  const own = Object.keys(process.env).filter((name) => /^(AUTH_|SIGN_IN_METHODS)/.test(name));
  const launcher = spawn(process.execPath, ["scripts/start.mjs"], {
    env: {
      ...process.env,
      ...Object.fromEntries(own.map((name) => [name, ""])),
      DATA_DIR: dataDir,
      PORT: port,
      NEXT_SERVER_ACTIONS_ENCRYPTION_KEY,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(launcher, "close");
  try {
    const said: string[] = [];
    for await (const logLine of createInterface(launcher.stdout)) {
      said.push(logLine);
      if (logLine.startsWith("Started in")) break;
    }
    expect(said).toContain(`Latchkey is at http://localhost:${port}`);
    expect(said).toContain("Google and LinkedIn are stand-ins on this machine; no keys are needed");
  } finally {
    launcher.kill("SIGTERM");
    // One that does not end has failed; it must not stay behind for that.
    const tooLong = setTimeout(() => launcher.kill("SIGKILL"), 120_000);
    expect(await closed).toEqual([143, null]);
    clearTimeout(tooLong);
    rmSync(dataDir, { recursive: true, force: true });
  }
});
