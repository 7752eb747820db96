import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { serve } from "./serve.mjs";

/** The launcher and its server, in which a small program stands for Next. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "latchkey-serve-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function freePort() {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return String(port);
}

/** Starts a server with this request listener. */
async function start(listener: string, before = "") {
  const file = path.join(folder, "server.mjs");
  writeFileSync(
    file,
    `import { createServer } from "node:http";
    ${before}
    createServer(${listener}).listen(process.env.PORT, "127.0.0.1");`,
  );
  const env = { ...process.env, HOST: "127.0.0.1", PORT: await freePort() };
  const server = serve([process.execPath, [file]], env);
  const settings = { env, origin: `http://localhost:${env.PORT}` };
  return { server, ready: (options = {}) => server.untilReady(settings, options) };
}

describe("the launcher", () => {
  test("takes a server for started once it is alive and shows its first page", async () => {
    const { server, ready } = await start(`(request, response) => response.end("ok")`);
    expect(await ready()).toBe(true);
    server.end("SIGTERM");
    expect(await server.exit).toBe(143);
  });

  test("waits for a server that cannot listen at first", async () => {
    const { server, ready } = await start(
      `(request, response) => response.end("ok")`,
      `await new Promise((resolve) => setTimeout(resolve, 300));`,
    );
    expect(await ready()).toBe(true);
    server.end("SIGINT");
    await server.exit;
  });

  test.each(["/livez", "/sign-in"])("ends a server that has only errors at %s", async (fails) => {
    const { server, ready } = await start(
      `({ url }, response) => response.writeHead(url === "${fails}" ? 500 : 200).end()`,
    );
    await expect(ready()).rejects.toThrow(
      `Latchkey did not start: ${fails} responds with status 500. The output above says why.`,
    );
    expect(await server.exit).toBe(143);
  });

  test("waits while a development server has errors", async () => {
    const { server, ready } = await start(
      `((count) => (_, response) => response.writeHead((count += 1) < 9 ? 500 : 200).end())(0)`,
    );
    expect(await ready({ mayFail: true })).toBe(true);
    server.end("SIGTERM");
    await server.exit;
  });

  test("says that a server ended before it was ready, and with which code", async () => {
    const { server, ready } = await start("() => {}", "process.exit(3);");
    expect(await ready()).toBe(false);
    expect(await server.exit).toBe(3);
  });

  test("asks a server to drain when its terminal is closed", async () => {
    const { server, ready } = await start(
      `(request, response) => response.end("ok")`,
      `process.on("SIGTERM", () => process.exit(7));`,
    );
    await ready();
    server.end("SIGHUP");
    expect(await server.exit).toBe(7);
  });
});
