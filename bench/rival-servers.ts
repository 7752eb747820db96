import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bounds } from "@/lib/core/policy";
import { Failure, npm, quietly } from "../scripts/run.mjs";
import type { Stage } from "./postgres";
import {
  freePort,
  keys,
  nextCommand,
  nextStart,
  originAt,
  production,
  type Server,
  start,
  temporaryFolder,
} from "./servers";

const source = "bench/rivals";

/** The servers that bench/rivals describes, installed and with empty tables. */
export interface Rivals {
  betterAuth(): Promise<Server>;
  authjs(): Promise<Server>;
}

/** Installs better-auth and Auth.js into a temporary folder; their letters go to this SMTP server. */
export async function installRivals(stage: Stage, smtpUrl: string): Promise<Rivals> {
  requireSameVersions();
  const folder = temporaryFolder();
  cpSync(source, folder, { recursive: true });
  const install = npm("ci", "--ignore-scripts", "--prefix", folder) as [string, string[]];
  await quietly("Installing better-auth and Auth.js", install);

  const shared = { ...production, ...keys, SMTP_URL: smtpUrl };
  const betterAuth = {
    ...{ ...shared, ARGON2: JSON.stringify(bounds.argon2) },
    DATABASE_URL: await stage.addDatabase("better_auth"),
  };
  const program = join(folder, "better-auth.js");
  const migrate: [string, string[]] = [process.execPath, [program, "--migrate"]];
  await quietly("Creating better-auth's tables", migrate, { ...process.env, ...betterAuth });

  const app = join(folder, "authjs");
  const tables = readFileSync(join(app, "schema.sql"), "utf8");
  const authjs = {
    ...{ ...shared, AUTH_TRUST_HOST: "true" },
    DATABASE_URL: await stage.addDatabase("authjs", tables),
  };
  const build: [string, string[]] = [process.execPath, [join(folder, nextCommand), "build", app]];
  await quietly("Building the app with Auth.js", build, { ...process.env, ...authjs });

  return {
    async betterAuth() {
      const port = await freePort();
      return start(port, "/sign-in", [program], { ...betterAuth, AUTH_URL: originAt(port) });
    },
    async authjs() {
      const port = await freePort();
      const settings = { ...authjs, AUTH_URL: originAt(port) };
      return start(port, "/sign-in", nextStart(app, port, folder), settings);
    },
  };
}

/** The same Next, argon2 and drivers on both sides: only the products are compared. */
function requireSameVersions(): void {
  const versionsIn = (folder: string) => {
    const manifest = readFileSync(join(folder, "package.json"), "utf8");
    return (JSON.parse(manifest) as { dependencies: Record<string, string> }).dependencies;
  };
  const ours = versionsIn(".");
  for (const [name, version] of Object.entries(versionsIn(source)))
    if ((ours[name] ?? version) !== version)
      throw new Failure(`${name} is ${ours[name]} in package.json and ${version} in ${source}.`);
}
