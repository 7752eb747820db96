import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { delimiter, join } from "node:path";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { localCertificate } from "@/test/support/local-certificate";

/** Where a server of the recipe listens, and what is behind it. */
export interface Site {
  readonly port: number;
  readonly latchkey: number;
  readonly app: number;
  /** Whether the check gets the cookies, as in the recipe. */
  readonly passesCookies?: boolean;
}

/** nginx with the server of `examples/nginx/latchkey.conf` for each of the sites. */
export async function startNginx(sites: readonly Site[]) {
  const recipe = readFileSync("examples/nginx/latchkey.conf", "utf8");
  const servers = sites.map(({ port, latchkey, app, passesCookies = true }) => {
    const server = recipe
      .replaceAll("127.0.0.1:3000", `127.0.0.1:${latchkey}`)
      .replaceAll("127.0.0.1:4000", `127.0.0.1:${app}`)
      .replace("listen 443 ssl;", `listen 127.0.0.1:${port};`)
      .replace("server_name example.com;", "")
      .replace(/ssl_certificate.*;/g, "");
    return passesCookies
      ? server
      : server.replace(/(proxy_pass_request_body off;)/, '$1 proxy_set_header Cookie "";');
  });
  return runNginx(
    () => servers.join("\n"),
    sites.map(({ port }) => port),
  );
}

/** nginx with `deploy/nginx.conf` and a certificate for localhost, in front of Latchkey at a port. */
export async function startDeployedNginx(ports: { tls: number; plain: number; latchkey: number }) {
  const recipe = readFileSync("deploy/nginx.conf", "utf8");
  return runNginx(
    (folder) => {
      writeFileSync(join(folder, "certificate.pem"), localCertificate.cert);
      writeFileSync(join(folder, "key.pem"), localCertificate.key);
      return recipe
        .replaceAll("server 127.0.0.1:3000;", `server 127.0.0.1:${ports.latchkey};`)
        .replace("listen 80;", `listen 127.0.0.1:${ports.plain};`)
        .replace("listen 443 ssl http2;", `listen 127.0.0.1:${ports.tls} ssl http2;`)
        .replaceAll("account.example.com;", "localhost;")
        .replace("/etc/ssl/account.example.com.pem", `${folder}/certificate.pem`)
        .replace("/etc/ssl/account.example.com.key", `${folder}/key.pem`);
    },
    [ports.tls, ports.plain],
  );
}

/** nginx in a folder of its own, with what goes into `http`; started once it listens at the ports. */
async function runNginx(sites: (folder: string) => string, ports: readonly number[]) {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-nginx-"));
  const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(
    join(folder, "nginx.conf"),
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr;
    events {}
    http {
      access_log off;
      ${folders.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
      ${sites(folder)}
    }`,
  );
  const child = startProgram("nginx", ["-p", folder, "-c", `${folder}/nginx.conf`]);
  await Promise.all(ports.map((port) => child.listens(port)));
  return {
    async stop() {
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A program in a process of its own. Debian has nginx outside of users' PATH. */
export function startProgram(name: string, args: string[], settings: Record<string, string> = {}) {
  const { PATH = "", LATCHKEY_TEST_RUN = "" } = process.env;
  const env = {
    ...settings,
    NODE_ENV: "production",
    PATH: PATH + delimiter + "/usr/sbin",
    LATCHKEY_TEST_RUN,
  } as const;
  const child: ChildProcess = spawn(name, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<void>((resolve) => {
    child.once("error", (error) => ((output += String(error)), resolve()));
    child.once("close", () => resolve());
  });
  let hasEnded = false;
  void ended.then(() => (hasEnded = true));
  return {
    async listens(port: number) {
      while (!(await isListening(port))) {
        if (hasEnded) throw new Error(`${name} ended:\n${output}`);
        await sleep(20);
      }
    },
    async stop() {
      child.kill();
      await ended;
    },
  };
}

function isListening(port: number) {
  return new Promise<boolean>((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });
}

/** A plain app that returns what it received; it has no page below /nothing. */
export async function startEchoApp() {
  const server = createServer(({ method, url = "", headers }, response) => {
    const status = url.startsWith("/nothing") ? 404 : 200;
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ app: true, method, url, headers }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
