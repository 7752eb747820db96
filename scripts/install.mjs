import { readFileSync } from "node:fs";
import { refuseWhileUsed } from "./folder-use.mjs";
import { npm, quietly } from "./run.mjs";

/**
 * Installs the packages of package-lock.json, unless they are installed. A server that is built needs
 * none of the development packages. Throws a `Failure` when another process uses the present packages:
 * npm removes them first.
 */
export async function install({ forBuild = true } = {}) {
  if (isInstalled(forBuild)) return;
  await refuseWhileUsed(["server", "dev", "tests"], "its packages differ from package-lock.json");
  await quietly("Installing packages", npm("ci", "--include=dev", "--no-audit", "--no-fund"));
}

/**
 * Compares with npm's own record in node_modules, because an `npm install` by hand should not be
 * repeated here.
 */
function isInstalled(withDevelopment) {
  const wanted = read("package-lock.json");
  const present = read("node_modules/.package-lock.json");
  return Object.entries(wanted).every(([path, { version, optional, dev, devOptional }]) => {
    if (path === "") return true;
    const isOptional = optional || devOptional || (dev && !withDevelopment);
    return present[path] ? present[path].version === version : Boolean(isOptional);
  });
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch (error) {
    if (error.code === "ENOENT") return {};
    throw error;
  }
}
