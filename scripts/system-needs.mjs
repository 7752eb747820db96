/**
 * The system packages that the tests need: a browser and its font, Postgres and Redis. The long part needs
 * nginx, PgBouncer, promtool and Python, too.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { findPostgres } from "./postgres-cluster.mjs";
import { Failure, quietly, tool } from "./run.mjs";

const OS = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
// Ubuntu's package `chromium` installs a snap, which Playwright cannot control.
const debianChromium = /^ID=debian$/m.test(OS);

// The headless browser; on other systems Playwright installs the same.
const SHELL = "chromium-headless-shell";

/** Installs missing packages where permitted; otherwise fails with the command to run. */
export async function installSystemPackages({ isLong }) {
  const programs = [
    "redis-server",
    ...(isLong ? ["nginx", "pgbouncer", "promtool", "python3"] : []),
  ];
  if (inPath("apt-get")) await installWithApt(missingPackages(isLong));
  else if (!findPostgres() || !programs.every(inPath))
    throw new Failure(
      `The tests need initdb (Postgres) and ${programs.join(", ")} in the PATH. On macOS: ` +
        `brew install postgresql@17 redis${isLong ? " nginx pgbouncer prometheus" : ""} && ` +
        'export PATH="$(brew --prefix postgresql@17)/bin:$PATH"',
    );
  if (!debianChromium && !(await hasPlaywrightsChromium()))
    await quietly("Fetching Chromium", tool("@playwright/test/cli.js", "install", "chromium"));
}

function missingPackages(isLong) {
  const installed = {
    [SHELL]: !debianChromium || existsSync(`/usr/bin/${SHELL}`),
    "fonts-dejavu": existsSync("/usr/share/fonts/truetype/dejavu"),
    postgresql: findPostgres(),
    "redis-server": inPath("redis-server"),
    "nginx-light": !isLong || inPath("nginx") || existsSync("/usr/sbin/nginx"),
    pgbouncer: !isLong || inPath("pgbouncer") || existsSync("/usr/sbin/pgbouncer"),
    // It contains promtool.
    prometheus: !isLong || inPath("promtool"),
    python3: !isLong || inPath("python3"),
  };
  return Object.keys(installed).filter((name) => !installed[name]);
}

async function installWithApt(packages) {
  if (packages.length === 0) return;
  const steps = [
    ["apt-get", "update"],
    ["apt-get", "install", "--yes", "--no-install-recommends", ...packages],
  ];
  const root = process.getuid?.() === 0;
  if (!root && spawnSync("sudo", ["-n", "true"]).status !== 0) {
    const commandLine = steps.map((step) => `sudo ${step.join(" ")}`).join(" && ");
    throw new Failure(
      `The tests need more, and installing it takes a password. Run: ${commandLine}`,
    );
  }
  const allowed = root ? ["env"] : ["sudo", "-n"];
  for (const step of steps) {
    const resolved = step.map((word) => (word === SHELL && !isKnown(SHELL) ? "chromium" : word));
    const [command, ...args] = [...allowed, "DEBIAN_FRONTEND=noninteractive", ...resolved];
    await quietly(resolved.join(" "), [command, args]);
  }
}

/** Whether this release of Debian has the package, once its lists are updated. */
function isKnown(name) {
  const [command, ...args] = ["apt-cache", "show", name];
  return spawnSync(command, args).status === 0;
}

async function hasPlaywrightsChromium() {
  const { chromium } = await import("@playwright/test");
  return existsSync(chromium.executablePath());
}

function inPath(program) {
  return process.env.PATH.split(delimiter).some((folder) => existsSync(join(folder, program)));
}
