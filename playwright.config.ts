import { existsSync } from "node:fs";
import { defineConfig, devices } from "@playwright/test";

// The same engine without the windows and toolbars that nobody looks at here: a quarter of the work.
const debianChromium = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"].find((file) =>
  existsSync(file),
);
const json = process.env.PLAYWRIGHT_JSON;

/** The servers a test talks to are started by its fixtures, in e2e/support. */
export default defineConfig({
  testDir: "e2e",
  timeout: 30_000,
  // Two cores, and browsers that wait for servers: a third keeps both at work. The tests of one
  // file are one journey.
  workers: 3,
  fullyParallel: false,
  // A test that passes the second time has found something.
  retries: 0,
  forbidOnly: true,
  reporter: json ? [["list"], ["json", { outputFile: json }]] : [["list"]],
  use: {
    ...devices["Desktop Chrome"],
    trace: "retain-on-failure",
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
  // Every journey runs with JavaScript and without, but for those tagged as being about one of
  // them, or as having nothing to do with either (@once).
  projects: [
    { name: "js", grepInvert: /@no-js\b/ },
    { name: "no-js", grepInvert: /@js\b|@once\b/, use: { javaScriptEnabled: false } },
  ],
});
