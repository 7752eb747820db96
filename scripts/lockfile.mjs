/**
 * Completes package-lock.json, or with --check reports what is missing.
 *
 * npm omits packages of other platforms that its registry did not list when the file was written.
 * On such a platform `npm ci` refuses the file, or native bindings are missing. This script adds an
 * entry for every optional dependency of every package.
 */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { Failure, main, npm } from "./run.mjs";

const FILE = "package-lock.json";
const exact = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

const lockfile = JSON.parse(readFileSync(FILE, "utf8"));
const { packages } = lockfile;

/** The entry Node would find for `name` from inside `path`, nearest first. */
function locate(path, name) {
  for (
    let from = path;
    ;
    from = from.slice(0, Math.max(0, from.lastIndexOf("node_modules/") - 1))
  ) {
    const location = `${from && `${from}/`}node_modules/${name}`;
    if (packages[location] || from === "") return location;
  }
}

function optionalDependencies() {
  return Object.entries(packages).flatMap(([path, parent]) =>
    Object.entries(parent.optionalDependencies ?? {}).map(([name, wanted]) => {
      const near = locate(path, name);
      const other = exact.test(wanted) && packages[near] && packages[near].version !== wanted;
      return { name, wanted, parent, location: other ? `${path}/node_modules/${name}` : near };
    }),
  );
}

/** Reads the platform from a package's name, for use when the registry is unavailable. */
function platformInName(name) {
  const parts = name.split(/[/-]/);
  const among = (known) => parts.filter((word) => known.split(" ").includes(word));
  const os = among("aix android darwin freebsd linux netbsd openbsd openharmony sunos win32");
  const cpu = among("arm arm64 ia32 loong64 mips64el ppc64 riscv64 s390x wasm32 x64");
  const libc = among("gnu musl").map((word) => (word === "gnu" ? "glibc" : word));
  return { os, cpu, libc: os.includes("linux") ? libc : [] };
}

async function published(name, version) {
  try {
    const [command, args] = npm("view", `${name}@${version}`, "--json");
    const { stdout } = await promisify(execFile)(command, args, { maxBuffer: 1 << 26 });
    return JSON.parse(stdout);
  } catch {
    return { ...platformInName(name), version };
  }
}

/** Requires an exact version, because a range resolves to different versions over time. */
async function complete({ name, wanted, parent, location }) {
  if (!exact.test(wanted)) throw new Failure(`${name}@${wanted} is a range: npm must choose`);
  const { version, dist, os, cpu, libc, engines, license, dependencies } = await published(
    name,
    wanted,
  );
  const listOf = (values) => (values?.length ? [values].flat() : undefined);
  packages[location] = {
    version,
    integrity: dist?.integrity,
    cpu: listOf(cpu),
    dev: parent.dev,
    libc: listOf(libc),
    license,
    optional: true,
    os: listOf(os),
    dependencies,
    engines,
  };
}

const missing = () => optionalDependencies().filter(({ location }) => !packages[location]);
const addressed = () => Object.values(packages).filter(({ resolved }) => /^https?:/.test(resolved));

function check() {
  const faults = [
    ...missing().map(({ name, wanted }) => `  ${name}@${wanted} is missing`),
    ...addressed().map(({ resolved }) => `  ${resolved} names a registry`),
  ];
  if (faults.length > 0)
    throw new Failure(`${FILE} is incomplete; run "npm run lockfile".\n${faults.join("\n")}`);
}

async function write() {
  const incomplete = optionalDependencies().filter(
    ({ location }) => !packages[location]?.integrity,
  );
  for (const one of incomplete) await complete(one);
  for (const entry of addressed()) delete entry.resolved;
  lockfile.packages = Object.fromEntries(
    Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, "en")),
  );
  writeFileSync(FILE, `${JSON.stringify(lockfile, null, 2)}\n`);
  const withoutIntegrity = incomplete.filter(({ location }) => !packages[location].integrity);
  console.log(`${FILE} is complete.`);
  if (withoutIntegrity.length > 0)
    console.log(
      `This registry could not tell the integrity of ${withoutIntegrity.length} of its packages.`,
    );
}

await main(process.argv.includes("--check") ? check : write);
