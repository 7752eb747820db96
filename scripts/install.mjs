import { readFileSync } from "node:fs";
import { npm, quietly } from "./run.mjs";

/** Installs what package-lock.json names, unless it is there. */
export async function install() {
  if (isInstalled()) return;
  await quietly("Installing packages", npm("ci", "--include=dev", "--no-audit", "--no-fund"));
}

/**
 * npm keeps its own record of what it put into node_modules. Comparing with that, and not with a
 * mark of ours, spares a second installation to whoever ran npm before us.
 */
function isInstalled() {
  const wanted = read("package-lock.json");
  const present = read("node_modules/.package-lock.json");
  return Object.entries(wanted).every(([path, { version, optional, devOptional }]) => {
    if (path === "") return true;
    return present[path] ? present[path].version === version : (optional ?? devOptional ?? false);
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
