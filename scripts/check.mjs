/** `npm run check`: runs every check:* script of package.json, two at a time; prints only failures. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { finished, main, npm, seconds } from "./run.mjs";

await main(async () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  const waiting = Object.keys(scripts).filter((name) => name.startsWith("check:"));
  const failed = [];

  async function worker() {
    for (let name = waiting.shift(); name; name = waiting.shift()) {
      const since = performance.now();
      const [command, args] = npm("run", "--silent", name);
      const { code, output } = await finished(spawn(command, args));
      console.log(
        `${name.padEnd(16)}${seconds(since).padStart(8)}  ${code === 0 ? "ok" : "FAILED"}`,
      );
      if (code === 0) continue;
      failed.push(name);
      process.stdout.write(output);
    }
  }

  await Promise.all([worker(), worker()]);
  return failed.length > 0 ? 1 : 0;
});
