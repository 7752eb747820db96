import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { SOURCE } from "../../scripts/build.mjs";

/** A build of this project as it would be if proxy.ts were not there, and what removes it. */
export async function buildWithoutProxy(): Promise<{ project: string; remove: () => void }> {
  const project = mkdtempSync(join(tmpdir(), "latchkey-without-proxy-"));
  const remove = () => rmSync(project, { recursive: true, force: true });
  const kept = SOURCE.filter((name) => name !== "proxy.ts" && name !== "next.config.ts");
  for (const name of kept) cpSync(name, join(project, name), { recursive: true });
  cpSync("next.config.ts", join(project, "next.config.base.ts"));
  writeFileSync(join(project, "next.config.ts"), config);
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
