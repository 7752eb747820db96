import { execFile } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { BUILD_KEY, SOURCE } from "../../scripts/build.mjs";

interface Copy {
  readonly project: string;
  readonly remove: () => void;
}

/** A build of this project without proxy.ts. */
export const buildWithoutProxy = () => buildCopy({ without: ["proxy.ts"] });

/** A build of this project whose JSON API is served by Next, as where the request gate is not used. */
export function buildWithApiInNext() {
  const start = "lib/server/start.ts";
  const source = readFileSync(start, "utf8");
  const served = /^.*\.serveApi\(.*$/m;
  if (!served.test(source)) throw new Error(`${start} does not serve the API.`);
  return buildCopy({ files: { [start]: source.replace(served, "") } });
}

/** A build of this project with files left out or added, by path, and by default with an id of its own. */
export async function buildCopy({
  without = [],
  files = {},
}: {
  readonly without?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}): Promise<Copy> {
  const project = mkdtempSync(join(tmpdir(), "latchkey-copy-"));
  const remove = () => rmSync(project, { recursive: true, force: true });
  const copied = SOURCE.filter((name) => !without.includes(name) && name !== "next.config.ts");
  for (const name of copied) cpSync(name, join(project, name), { recursive: true });
  cpSync("next.config.ts", join(project, "next.config.base.ts"));
  for (const [file, text] of Object.entries({ ...files, "next.config.ts": config })) {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    writeFileSync(join(project, file), text);
  }
  linkFolder("node_modules", join(project, "node_modules"));
  const env = {
    ...process.env,
    NODE_ENV: "production" as const,
    NEXT_TELEMETRY_DISABLED: "1",
    NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: BUILD_KEY,
  };
  const next = ["node_modules/next/dist/bin/next", "build"];
  await promisify(execFile)(process.execPath, next, { cwd: project, env }).catch((error) => {
    remove();
    throw error;
  });
  return { project, remove };
}

// Next derives the ids of server actions from paths below the root, so that is the project's folder here, too.
const config = `import config from "./next.config.base";
export default { ...config, turbopack: { root: process.cwd() } };
`;

/** Copies a folder by hard links; its files as they are where the copy is on another file system. */
function linkFolder(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.name === ".cache") continue;
    if (entry.isDirectory()) linkFolder(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else linkFile(source, target);
  }
}

function linkFile(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
