import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { defineConfig, devices } from "@playwright/test";

// The same engine without the windows and toolbars that nobody looks at here: a quarter of the work.
const debianChromium = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"].find((file) =>
  existsSync(file),
);
const json = process.env.PLAYWRIGHT_JSON;

const quiet = 120_000;

/** The servers a test talks to are started by its fixtures, in e2e/support. */
export default defineConfig({
  testDir: "e2e",
  // A test fails when nothing has happened for two minutes, however many steps it has.
  timeout: 20 * quiet,
  expect: { timeout: quiet },
  // One worker per core: more only wait for each other, and what waits looks like what hangs.
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
        // Chromium calls home unless told not to; the tests allow no address but ours.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-quic",
        "--disable-sync",
        "--no-first-run",
        // Its sandbox refuses to run as root, which is who runs tests in a container.
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
      ],
    },
  },
});
