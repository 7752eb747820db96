/**
 * `npm run doctor`: looks at the settings and at everything that they name, and says what is wrong and
 * how to correct it. Ends with exit code 1 when it finds an error.
 *
 *   --json                    prints an array of findings
 *   --url https://example.com also requests this URL, as browsers do
 */
import { systemClock } from "@/lib/adapters/clock";
import type { Finding } from "@/lib/server/doctor/findings";
import { examine, unreadable } from "@/lib/server/doctor/examine";
import { readOptions } from "./options";
import { Failure, main } from "./run.mjs";
import { readSettings } from "./settings.mjs";

async function look(url: string | undefined): Promise<Finding[]> {
  try {
    const { env, notes, keysFile } = readSettings({ createsKeys: false });
    return await examine({ vars: env, notes, keysFile }, systemClock, { url });
  } catch (error) {
    if (error instanceof Failure) return [unreadable(error.message)];
    throw error;
  }
}

const titles = { error: "Errors", warning: "Warnings", info: "For your information" } as const;

function inWords(findings: readonly Finding[]): string {
  const parts = (["error", "warning", "info"] as const).map((severity) => {
    const those = findings.filter((finding) => finding.severity === severity);
    const entries = those.map(
      ({ code, sentence, fix }) => `  ${sentence}\n    ${fix}\n    (${code})`,
    );
    return those.length > 0 ? [`${titles[severity]}\n`, ...entries, ""].join("\n") : "";
  });
  const count = (severity: Finding["severity"]) =>
    findings.filter((finding) => finding.severity === severity).length;
  return `${parts.filter(Boolean).join("\n")}\nErrors: ${count("error")}. Warnings: ${count("warning")}.`;
}

await main(async () => {
  const { json, url } = readOptions(process.argv.slice(2), {
    json: { type: "boolean" },
    url: { type: "string" },
  });
  const findings = await look(url);
  console.log(json ? JSON.stringify(findings, null, 2) : inWords(findings));
  return findings.some(({ severity }) => severity === "error") ? 1 : 0;
});
// A check that timed out may still hold a connection.
process.exit();
