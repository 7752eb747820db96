import { readFileSync } from "node:fs";
import { refuseWhileUsed } from "./folder-use.mjs";
import { npm, quietly } from "./run.mjs";

/**
 * Installs the packages of package-lock.json that are missing: `dependencies` are all that the server, its
 * build and the commands need; `withDevelopment` adds those of the tests and checks. Packages are only added
 * beside those that are there. Throws a `Failure` when one of these has another version and a process uses
 * them: npm removes them first.
 */
export async function install({ withDevelopment = false } = {}) {
  const { missing, outdated } = compare(withDevelopment);
  if (missing + outdated === 0) return;
  const present = Object.values(read(PRESENT));
  // npm removes packages that it is told to omit.
  const keepsDevelopment = withDevelopment || present.some(({ dev }) => dev);
  const which = keepsDevelopment ? "--include=dev" : "--omit=dev";
  const isAddition = outdated === 0 && present.length > 0;
  if (!isAddition)
    await refuseWhileUsed(["server", "dev", "tests"], "its packages differ from package-lock.json");
  const command = isAddition ? ["install", "--no-save"] : ["ci"];
  await quietly("Installing packages", npm(...command, which, "--no-audit", "--no-fund"));
}

/** npm's own record: an `npm install` by hand should not be repeated here. */
const PRESENT = "node_modules/.package-lock.json";

function compare(withDevelopment) {
  const present = read(PRESENT);
  const wanted = Object.entries(read("package-lock.json")).filter(([path]) => path !== "");
  const isOptional = ({ optional, dev, devOptional }) =>
    optional || devOptional || (dev && !withDevelopment);
  return {
    missing: wanted.filter(([path, wanted]) => !present[path] && !isOptional(wanted)).length,
    outdated: wanted.filter(
      ([path, { version }]) => present[path] && present[path].version !== version,
    ).length,
  };
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch (error) {
    if (error.code === "ENOENT") return {};
    throw error;
  }
}
