import { rmSync } from "node:fs";
import { startFakeSmtp } from "@/test/support/fake-smtp";
import { startFakeUpstash } from "@/test/support/fake-upstash";
import { FaultProxy } from "@/test/support/fault-proxy";
import { startLoadingRedis } from "@/test/support/loading-redis";
import { startOidcServer } from "@/test/support/oidc-server";
import { startRedis } from "@/test/support/redis-server";
import { type Balancer, startBalancer } from "./balancer";
import { Client } from "./client";
import type { Database, Db } from "./db";
import { Server, serverKeys, type ServerOptions } from "./server";
import { startPgBouncer } from "./pgbouncer";

/** What the processes of the rig are started with. */
export type Variant = "usual" | "upstash" | "pooler" | "pooler, prepare=false" | "next keys";

const nextOf = (key: string) => `n${key.slice(1)}`;

const keysBy = (settingsOf: (name: string, key: string) => [string, string][]) =>
  Object.fromEntries(Object.entries(serverKeys).flatMap(([name, key]) => settingsOf(name, key)));

/** The steps of a rotation of all keys, as docs/operate.md has them. */
export const rotation = {
  /** Each process can read what another one will write with the next keys. */
  accepted: keysBy((name, key) => [[`${name}_PREVIOUS`, nextOf(key)]]),
  current: keysBy((name, key) => [
    [name, nextOf(key)],
    [`${name}_PREVIOUS`, key],
  ]),
  /** The seals of old events need the old key for as long as these are stored. */
  finished: keysBy((name, key) => [
    [name, nextOf(key)],
    [`${name}_PREVIOUS`, name === "AUDIT_KEY" ? key : ""],
  ]),
};

/**
 * One installation whose parts can fail: processes behind a balancer, on one Postgres, one Redis, one mail
 * server and one provider.
 */
export class FaultRig {
  servers: Server[] = [];
  #variant: Variant | null = null;
  /** Those that were replaced included. */
  #allServers: Server[] = [];

  private constructor(
    readonly database: Database,
    /** The connections to Postgres and to Redis. */
    readonly wire: FaultProxy,
    readonly redisWire: FaultProxy,
    readonly redis: Awaited<ReturnType<typeof startRedis>>,
    readonly loadingRedis: Awaited<ReturnType<typeof startLoadingRedis>>,
    readonly upstash: Awaited<ReturnType<typeof startFakeUpstash>>,
    readonly mail: Awaited<ReturnType<typeof startFakeSmtp>>,
    readonly google: Awaited<ReturnType<typeof startOidcServer>>,
    readonly balancer: Balancer,
    private readonly processes: number,
  ) {}

  static async start(database: Database, processes: number): Promise<FaultRig> {
    const redis = await startRedis();
    const [wire, redisWire, loading, upstash, mail, google, balancer] = await Promise.all([
      FaultProxy.before(database.url),
      FaultProxy.before(redis.url),
      startLoadingRedis(),
      startFakeUpstash(redis),
      startFakeSmtp(),
      startOidcServer({ quirks: "google" }),
      startBalancer(),
    ]);
    const parts = [redis, loading, upstash, mail, google, balancer] as const;
    const rig = new FaultRig(database, wire, redisWire, ...parts, processes);
    await rig.use("usual");
    return rig;
  }

  get address() {
    return { port: this.balancer.port, origin: `http://localhost:${this.balancer.port}` };
  }

  /** Returns a function that returns the output of all processes from now on. */
  followOutput(): () => string[] {
    const lengths = new Map(this.#allServers.map((one) => [one, one.outputLines.length]));
    return () => this.#allServers.flatMap((one) => one.outputLines.slice(lengths.get(one) ?? 0));
  }

  /** Each browser has an IP address of its own. */
  newClient(): Client {
    const ip = `10.${++clients >> 16}.${(clients >> 8) & 255}.${clients & 255}`;
    return new Client(this.address, { "x-forwarded-for": ip });
  }

  /** Restarts the processes with other settings, unless they have them. */
  async use(variant: Variant): Promise<void> {
    if (this.#variant === variant) return;
    await this.#stopServers();
    const options = await this.#optionsOf(variant);
    this.servers = await Promise.all(
      Array.from({ length: this.processes }, () => Server.start(options)),
    );
    this.#allServers.push(...this.servers);
    this.#variant = variant;
    this.serveAll();
  }

  /** Starts a server while its Postgres may be down; resolves when it serves. */
  async startLate(): Promise<{ started: Promise<void>; waits: () => boolean }> {
    await this.#stopServers();
    const server = await Server.create(await this.#optionsOf("usual"));
    this.servers = [server];
    this.#allServers.push(server);
    this.#variant = null;
    const started = server.start().then(() => this.serveAll());
    return {
      started,
      waits: () => server.outputLines.some((logLine) => logLine.includes("database.waiting")),
    };
  }

  /**
   * Ends a process as on a deploy, while the balancer still leads to it, and starts one of another build or
   * with other settings in its place.
   */
  async replace(
    at: number,
    { project, settings }: Pick<ServerOptions, "project" | "settings">,
    whenEnded: () => Promise<unknown>,
  ): Promise<void> {
    await this.servers[at]!.stop();
    await whenEnded();
    const usual = await this.#optionsOf("usual");
    const server = await Server.start({
      ...usual,
      ...(project && { project }),
      settings: { ...usual.settings, ...settings },
    });
    this.#allServers.push(server);
    this.servers = this.servers.with(at, server);
    this.#variant = null;
    this.serveAll();
  }

  serveAll(): void {
    this.balancer.serve(this.servers.map(({ port }) => port));
  }

  async stop(): Promise<void> {
    this.wire.restore();
    this.redisWire.restore();
    await this.#stopServers();
    this.balancer.stop();
    this.loadingRedis.stop();
    await this.#pooler?.stop();
    await Promise.all([this.google.stop(), this.mail.stop(), this.upstash.stop()]);
    await Promise.all([this.wire.close(), this.redisWire.close(), this.redis.stop()]);
    for (const { dataDir } of this.#allServers) rmSync(dataDir, { recursive: true, force: true });
  }

  #pooler: Awaited<ReturnType<typeof startPgBouncer>> | undefined;

  async #stopServers(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  async #optionsOf(variant: Variant) {
    const isPooled = variant.startsWith("pooler");
    if (isPooled) this.#pooler ??= await startPgBouncer(this.wire.url);
    const pooled = `${this.#pooler?.url}${variant.endsWith("prepare=false") ? "?prepare=false" : ""}`;
    return {
      databaseUrl: isPooled ? pooled : this.wire.url,
      origin: this.address.origin,
      settings: {
        TRUSTED_PROXY_HOPS: "1",
        SMTP_URL: this.mail.url,
        MAIL_FROM: "latchkey@example.com",
        EMAILS_PER_HOUR: "100000",
        ...this.google.settings,
        ...(variant === "upstash"
          ? {
              UPSTASH_REDIS_REST_URL: this.upstash.url,
              UPSTASH_REDIS_REST_TOKEN: this.upstash.token,
            }
          : { REDIS_URL: this.redisWire.url }),
        ...(variant === "next keys" && rotation.current),
      },
    };
  }
}

let clients = 0;

/** Ends the connections of Latchkey's processes to Postgres, as an administrator does. */
export const terminateConnections = ({ sql }: Db) => sql`
  select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and application_name = 'latchkey'`;
