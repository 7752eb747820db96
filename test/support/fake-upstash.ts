import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Redis } from "ioredis";
import type { RedisServer } from "./redis-server";

/**
 * A fault instead of Redis's response. `lost`: the command is executed, and the connection ends
 * before the response.
 */
type Failure = { status: number; body: string } | "never_answers" | "lost";

/**
 * A server in front of a Redis with the REST API of Upstash: a token; a command as a JSON array
 * posted to `/`, several to `/pipeline` or `/multi-exec`; text in base64 on request.
 */
export async function startFakeUpstash({ url }: RedisServer, token = "upstash_test") {
  // A command that cannot be executed at once fails: it must not wait here and be counted later.
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 50,
  });
  redis.on("error", () => {});
  await once(redis, "ready");
  let failWith: Failure | null = null;
  let requests = 0;

  const execute = ([name, ...args]: unknown[]) => redis.call(String(name), ...args.map(String));

  async function run(command: unknown, encode: (value: unknown) => unknown) {
    try {
      return { result: encode(await execute(command as unknown[])) };
    } catch (error) {
      return { error: (error as Error).message };
    }
  }

  async function answerOf(request: IncomingMessage, body: string) {
    const { method, url, headers } = request;
    if (headers.authorization !== `Bearer ${token}`)
      return { status: 401, body: { error: "WRONGPASS invalid or missing auth token" } };
    if (method !== "POST") return { status: 405, body: { error: "Method Not Allowed" } };
    const encode = headers["upstash-encoding"] === "base64" ? inBase64 : (value: unknown) => value;
    const sent = JSON.parse(body) as unknown[];
    if (url === "/") {
      const reply = await run(sent, encode);
      return { status: "error" in reply ? 400 : 200, body: reply };
    }
    const atOnce = url === "/multi-exec";
    if (url !== "/pipeline" && !atOnce) return { status: 404, body: { error: "Not Found" } };
    if (atOnce) await execute(["multi"]);
    const responses = [];
    for (const command of sent) responses.push(await run(command, encode));
    if (!atOnce) return { status: 200, body: responses };
    const results = (await execute(["exec"])) as unknown[];
    return { status: 200, body: results.map((result) => ({ result: encode(result) })) };
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      requests += 1;
      const now = failWith;
      if (now === "never_answers") return;
      if (now && now !== "lost") return void response.writeHead(now.status).end(now.body);
      void answerOf(request, Buffer.concat(chunks).toString()).then(({ status, body }) => {
        if (now === "lost") return request.socket.destroy();
        response.writeHead(status, { "content-type": "application/json" });
        return response.end(JSON.stringify(body));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    token,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    failWith: (next: Failure) => void (failWith = next),
    resetProviders: () => void (failWith = null),
    stop: () =>
      new Promise<void>((resolve) => {
        redis.disconnect();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Text as Upstash sends it in base64: every string but OK, numbers as they are. */
function inBase64(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inBase64);
  return typeof value === "string" && value !== "OK"
    ? Buffer.from(value).toString("base64")
    : value;
}
