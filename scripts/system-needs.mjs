/** What the tests need beyond npm packages: a browser and its font, Postgres, Redis. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { findPostgres } from "./postgres-cluster.mjs";
import { Failure, quietly, tool } from "./run.mjs";

const OS = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
// Ubuntu's package of that name only fetches a snap, which Playwright cannot drive.
const debianChromium = /^ID=debian$/m.test(OS);

// The browser without its windows; Playwright brings the same to other systems.
const SHELL = "chromium-headless-shell";

/** Installs what is missing where it may, and otherwise fails with the line that would. */
export async function installSystemPackages() {
  if (inPath("apt-get")) await installWithApt(missingPackages());
  else if (!findPostgres() || !inPath("redis-server"))
    throw new Failure(
      "The tests need initdb (Postgres) and redis-server in the PATH. On macOS: " +
        'brew install postgresql@17 redis && export PATH="$(brew --prefix postgresql@17)/bin:$PATH"',
    );
  if (!debianChromium && !(await hasPlaywrightsChromium()))
    await quietly("Fetching Chromium", tool("@playwright/test/cli.js", "install", "chromium"));
}

function missingPackages() {
  const there = {
    [SHELL]: !debianChromium || existsSync(`/usr/bin/${SHELL}`),
    "fonts-dejavu": existsSync("/usr/share/fonts/truetype/dejavu"),
    postgresql: findPostgres(),
    "redis-server": inPath("redis-server"),
  };
  return Object.keys(there).filter((name) => !there[name]);
}

async function installWithApt(packages) {
  if (packages.length === 0) return;
  const steps = [
    ["apt-get", "update"],
    ["apt-get", "install", "--yes", "--no-install-recommends", ...packages],
  ];
  const root = process.getuid?.() === 0;
  if (!root && spawnSync("sudo", ["-n", "true"]).status !== 0) {
    const textLine = steps.map((step) => `sudo ${step.join(" ")}`).join(" && ");
    throw new Failure(`The tests need more, and installing it takes a password. Run: ${textLine}`);
  }
  const allowed = root ? ["env"] : ["sudo", "-n"];
  for (const step of steps) {
    const known = step.map((word) => (word === SHELL && !isKnown(SHELL) ? "chromium" : word));
    const [command, ...args] = [...allowed, "DEBIAN_FRONTEND=noninteractive", ...known];
    await quietly(known.join(" "), [command, args]);
  }
}

/** Whether this release of Debian has the package; its lists are up to date by now. */
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
