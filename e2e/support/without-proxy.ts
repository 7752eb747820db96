import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { SOURCE } from "../../scripts/build.mjs";

interface Copy {
  readonly project: string;
  readonly remove: () => void;
}

/** A build of this project as it would be if proxy.ts were not there, and what removes it. */
export const buildWithoutProxy = () => buildCopy({ without: ["proxy.ts"] });

/** A build of this project with files left out or added, by their paths in it. */
export async function buildCopy({
  without = [],
  files = {},
}: {
  readonly without?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}): Promise<Copy> {
  const project = mkdtempSync(join(tmpdir(), "latchkey-copy-"));
  const remove = () => rmSync(project, { recursive: true, force: true });
  const saved = SOURCE.filter((name) => !without.includes(name) && name !== "next.config.ts");
  for (const name of saved) cpSync(name, join(project, name), { recursive: true });
  cpSync("next.config.ts", join(project, "next.config.base.ts"));
  for (const [file, text] of Object.entries({ ...files, "next.config.ts": config })) {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    writeFileSync(join(project, file), text);
  }
  symlinkSync(resolve("node_modules"), join(project, "node_modules"), "dir");
  const env = { ...process.env, NODE_ENV: "production" as const, NEXT_TELEMETRY_DISABLED: "1" };
  const next = ["node_modules/next/dist/bin/next", "build"];
  await promisify(execFile)(process.execPath, next, { cwd: project, env }).catch((error) => {
    remove();
    throw error;
  });
  return { project, remove };
}

// The packages are linked from where they are, and the types were checked where they are.
const config = `import config from "./next.config.base";
export default { ...config, turbopack: { root: "/" }, typescript: { ignoreBuildErrors: true } };
`;
