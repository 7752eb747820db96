import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { BUILD_KEY, SOURCE } from "../../scripts/build.mjs";

interface Copy {
  readonly project: string;
  readonly remove: () => void;
}

/** A build of this project without proxy.ts. */
export const buildWithoutProxy = () => buildCopy({ without: ["proxy.ts"] });

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
  symlinkSync(resolve("node_modules"), join(project, "node_modules"), "dir");
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

// The packages are linked from the project, where the types are checked too.
const config = `import config from "./next.config.base";
export default { ...config, turbopack: { root: "/" }, typescript: { ignoreBuildErrors: true } };
`;
