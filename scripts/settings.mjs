/** The settings that the launcher needs. The server validates all of them in lib/core/env.ts. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { keysFor } from "./keys.mjs";
import { Failure } from "./run.mjs";

/** The environment of the build and the server: real variables, then .env, then defaults. */
export function readSettings() {
  if (existsSync(".env")) process.loadEnvFile(".env");
  const given = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ""));
  const { HOST = "127.0.0.1", PORT = "3000" } = given;
  if (!(Number(PORT) >= 1 && Number(PORT) <= 65535)) throw new Failure(`PORT is no port: ${PORT}`);
  const { AUTH_URL = `http://localhost:${PORT}` } = given;
  if (!URL.canParse(AUTH_URL)) throw new Failure(`AUTH_URL is no address: ${AUTH_URL}`);
  const DATA_DIR = resolve(given.DATA_DIR ?? ".data");
  const env = { ...given, HOST, PORT, AUTH_URL, DATA_DIR, NEXT_TELEMETRY_DISABLED: "1" };
  const local = isLoopback(AUTH_URL);
  return {
    env: local ? { ...env, ...keysFor(env, DATA_DIR) } : env,
    origin: new URL(AUTH_URL).origin,
    mailbox: local && !given.RESEND_API_KEY && !given.SMTP_URL,
  };
}

/** Whether a URL is on this machine. */
export function isLoopback(address) {
  const { hostname } = new URL(address);
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
