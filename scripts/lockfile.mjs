/**
 * Completes package-lock.json, or with --check says what it lacks.
 *
 * npm leaves out packages of other platforms that its registry could not name when the file was
 * written. `npm ci` then refuses the file elsewhere, and people on another system would miss their
 * native bindings. So every optional dependency of every package gets its entry here.
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
    const place = `${from && `${from}/`}node_modules/${name}`;
    if (packages[place] || from === "") return place;
  }
}

function optionalDependencies() {
  return Object.entries(packages).flatMap(([path, parent]) =>
    Object.entries(parent.optionalDependencies ?? {}).map(([name, wanted]) => {
      const near = locate(path, name);
      const other = exact.test(wanted) && packages[near] && packages[near].version !== wanted;
      return { name, wanted, parent, place: other ? `${path}/node_modules/${name}` : near };
    }),
  );
}

/** Platform packages are named after what they run on; used when the registry cannot be asked. */
function platformInName(name) {
  const words = name.split(/[/-]/);
  const among = (known) => words.filter((word) => known.split(" ").includes(word));
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

/** An exact version is needed: a range would be resolved differently from one day to the next. */
async function complete({ name, wanted, parent, place }) {
  if (!exact.test(wanted)) throw new Failure(`${name}@${wanted} is a range: npm must choose`);
  const { version, dist, os, cpu, libc, engines, license, dependencies } = await published(
    name,
    wanted,
  );
  const listed = (words) => (words?.length ? [words].flat() : undefined);
  packages[place] = {
    version,
    integrity: dist?.integrity,
    cpu: listed(cpu),
    dev: parent.dev,
    libc: listed(libc),
    license,
    optional: true,
    os: listed(os),
    dependencies,
    engines,
  };
}

const missing = () => optionalDependencies().filter(({ place }) => !packages[place]);
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
  const unsealed = optionalDependencies().filter(({ place }) => !packages[place]?.integrity);
  for (const one of unsealed) await complete(one);
  for (const entry of addressed()) delete entry.resolved;
  lockfile.packages = Object.fromEntries(
    Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, "en")),
  );
  writeFileSync(FILE, `${JSON.stringify(lockfile, null, 2)}\n`);
  const bare = unsealed.filter(({ place }) => !packages[place].integrity);
  console.log(`${FILE} is complete.`);
  if (bare.length > 0)
    console.log(`This registry could not tell the integrity of ${bare.length} of its packages.`);
}

await main(process.argv.includes("--check") ? check : write);
