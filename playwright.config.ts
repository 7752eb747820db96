import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { defineConfig, devices } from "@playwright/test";

// The headless shell has the same engine and needs a quarter of the processor time.
const debianChromium = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"].find((file) =>
  existsSync(file),
);
const json = process.env.PLAYWRIGHT_JSON;

const quiet = 120_000;

// A worker keeps its server only between files that use the same `test`, so these come one after the
// other instead of by name.
const ofScriptedProviders = readdirSync("e2e").filter(
  (file) =>
    file.endsWith(".spec.ts") && readFileSync(`e2e/${file}`, "utf8").includes("testWithProviders"),
);

/** The fixtures in e2e/support start the servers. */
export default defineConfig<object, { apiInNext: boolean }>({
  testDir: "e2e",
  projects: [
    { name: "fake providers", testIgnore: ofScriptedProviders.map((file) => `**/${file}`) },
    { name: "scripted providers", testMatch: ofScriptedProviders.map((file) => `**/${file}`) },
    // The same tests where Next serves the JSON API, in the long part.
    {
      name: "API in Next",
      testMatch: ["authorization", "bad-input", "openapi"].map((file) => `**/${file}.spec.ts`),
      grep: /@long/,
      grepInvert: /with proxy\.ts deleted/,
      use: { apiInNext: true },
    },
  ],
  // A single step fails after two minutes; a whole test has twenty times as long.
  timeout: 20 * quiet,
  expect: { timeout: quiet },
  // One worker per core: with more, waiting tests look like hanging ones.
  workers: availableParallelism(),
  fullyParallel: false,
  // The second run records a trace. A test that passes then still fails the run.
  retries: 1,
  failOnFlakyTests: true,
  maxFailures: 10,
  forbidOnly: true,
  reporter: json ? [["list"], ["json", { outputFile: json }]] : [["list"]],
  use: {
    ...devices["Desktop Chrome"],
    trace: "on-first-retry",
    actionTimeout: quiet,
    navigationTimeout: quiet,
    launchOptions: {
      ...(debianChromium && { executablePath: debianChromium }),
      args: [
        // Without these flags Chromium contacts other servers.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-quic",
        "--disable-sync",
        "--no-first-run",
        // Our pages need no graphics processor, and imitating one costs a seventh of the time.
        "--disable-gpu",
        "--disable-software-rasterizer",
        "--in-process-gpu",
        // Chromium's sandbox refuses to run as root, as in containers.
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
      ],
    },
  },
});
