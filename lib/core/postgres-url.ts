/**
 * Reads the URL of a Postgres as libpq does (PostgreSQL documentation, "Connection URIs"), because that is
 * the form that providers hand out. Parameters of other clients, which are copied along, are accepted.
 */

export interface PostgresHost {
  /** A name, an address, or the path of a directory with a Unix socket; "" for the machine's own Postgres. */
  readonly host: string;
  readonly port: number;
}

/** As libpq's `sslmode`. `verify-ca` checks the certificate but not the host name in it. */
export type TlsMode = "disable" | "prefer" | "require" | "verify-ca" | "verify-full";

export interface PostgresUrl {
  /** Tried in this order; at least one. */
  readonly hosts: readonly PostgresHost[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  /** Undefined where the URL does not say. */
  readonly tls: TlsMode | undefined;
  /** TLS from the first byte on, as Postgres 17 allows. */
  readonly directTls: boolean;
  /** Paths of files in PEM. `rootCertificate` may be "system". */
  readonly tlsFiles: {
    readonly rootCertificate?: string | undefined;
    readonly certificate?: string | undefined;
    readonly key?: string | undefined;
  };
  /** In seconds. */
  readonly connectTimeout: number | undefined;
  /** Whether statements are prepared; undefined where the URL does not say. */
  readonly prepare: boolean | undefined;
  /** Parameters of the session, which are sent when the connection starts. */
  readonly session: Readonly<Record<string, string>>;
  /** The names of parameters that have no effect here. */
  readonly ignored: readonly string[];
}

/** The URL cannot be used; the message continues "DATABASE_URL …". */
class UrlProblem extends Error {}

/** Reads a URL, or says in words that continue "DATABASE_URL …" why it cannot be used. */
export function parsePostgresUrl(text: string): PostgresUrl | { readonly problem: string } {
  try {
    return parse(text.trim());
  } catch (error) {
    if (error instanceof UrlProblem) return { problem: error.message };
    throw error;
  }
}

const form = "must be a URL such as postgres://user:password@host:5432/name";

function parse(text: string): PostgresUrl {
  const [scheme = ""] = /^postgres(ql)?:\/\//i.exec(text) ?? [];
  if (!scheme) throw new UrlProblem("must be a postgres:// URL");
  const rest = text.slice(scheme.length);
  // As in libpq, a user and password may contain any character but "/", even "?" and "#".
  const authority = /^[^/?]*@[^/?@]*|^[^/]*@[^/?@]*|^[^/?]*/.exec(rest)![0];
  const [, path = "", query = ""] =
    /^([^?]*)(?:\?(.*))?$/s.exec(rest.slice(authority.length)) ?? [];
  if (path.includes("@"))
    throw new UrlProblem(`${form}. Write a / in the user name or the password as %2F`);
  const at = authority.lastIndexOf("@");
  const [user = "", password] = splitOnce(authority.slice(0, Math.max(at, 0)), ":");
  const parameters = readParameters(query);
  const extract = (name: string) => {
    const value = parameters.get(name);
    parameters.delete(name);
    return value || undefined;
  };
  const [hostList] = extractAll(extract, ["host", "hostaddr"]);
  const hosts = hostsOf(authority.slice(at + 1), hostList, extract("port"));
  refuseUnsupported(parameters);
  return {
    hosts,
    user: extract("user") ?? (decode(user) || undefined),
    password: extract("password") ?? (password === undefined ? undefined : decode(password)),
    database: extract("dbname") ?? (decode(path.slice(1)) || undefined),
    ...readTls(extract),
    connectTimeout: wholeSeconds(extract("connect_timeout")),
    prepare: readPrepare(extract),
    ...readSession(extract, parameters),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UrlProblem(
      `${form}. A % in it must begin a percent-encoded character; write % itself as %25`,
    );
  }
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** Unlike in forms, a plus sign in a parameter is a plus sign. */
function readParameters(query: string): Map<string, string> {
  const pairs = query.split("&").filter(Boolean);
  return new Map(
    pairs.map((pair) => {
      const [name, value = ""] = splitOnce(pair, "=");
      return [decode(name), decode(value)];
    }),
  );
}

const defaultPort = 5432;

/** A list of hosts may be in the authority, or in the parameters `host` and `port`. */
function hostsOf(authority: string, hostList?: string, portList?: string): PostgresHost[] {
  const given = authority.split(",").map((one) => {
    const [, host = "", port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(one) ?? [];
    return { host: decode(host.replace(/^\[(.*)\]$/, "$1")), port };
  });
  const names = hostList?.split(",") ?? given.map(({ host }) => host);
  const ports = portList?.split(",") ?? given.map(({ port }) => port);
  return names.map((host, index) => {
    const port = (ports.length === 1 ? ports[0] : ports[index]) || String(defaultPort);
    if (/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)
      return { host, port: Number(port) };
    throw new UrlProblem(
      `${form}. What stands for the port is no port; write special characters in the password percent-encoded, such as # as %23`,
    );
  });
}

type ExtractParameter = (name: string) => string | undefined;

/** The values of parameters with one meaning, in the order of precedence. None of them remains. */
const extractAll = (extract: ExtractParameter, names: readonly string[]) =>
  names.map(extract).filter((value) => value !== undefined);

const tlsModes: Readonly<Record<string, TlsMode>> = {
  disable: "disable",
  false: "disable",
  0: "disable",
  allow: "prefer",
  prefer: "prefer",
  require: "require",
  true: "require",
  1: "require",
  "no-verify": "require",
  "verify-ca": "verify-ca",
  "verify-full": "verify-full",
};

function readTls(extract: ExtractParameter): Pick<PostgresUrl, "tls" | "directTls" | "tlsFiles"> {
  const [wanted] = extractAll(extract, ["sslmode", "ssl", "requiressl"]);
  const mode =
    wanted !== undefined && Object.hasOwn(tlsModes, wanted) ? tlsModes[wanted] : undefined;
  if (wanted !== undefined && !mode)
    throw new UrlProblem(`has an unknown sslmode: ${wanted}. Use require or verify-full`);
  const tlsFiles = {
    rootCertificate: extract("sslrootcert"),
    certificate: extract("sslcert"),
    key: extract("sslkey"),
  };
  const verifies = tlsFiles.rootCertificate !== undefined && (mode ?? "require") === "require";
  return {
    // A root certificate is there to be checked, as in libpq.
    tls: verifies ? (tlsFiles.rootCertificate === "system" ? "verify-full" : "verify-ca") : mode,
    directTls: extract("sslnegotiation") === "direct",
    tlsFiles,
  };
}

function wholeSeconds(text: string | undefined): number | undefined {
  const length = Number(text);
  return Number.isInteger(length) && length > 0 ? length : undefined;
}

/** Clients' parameters that turn prepared statements off, as poolers in transaction mode need it. */
function readPrepare(extract: ExtractParameter): boolean | undefined {
  const prepare = extract("prepare");
  const off = [
    extract("pgbouncer") === "true",
    extract("statement_cache_size") === "0",
    extract("prepared_statement_cache_size") === "0",
    extract("statement-cache-capacity") === "0",
    extract("prepareThreshold") === "0",
    extract("prepared_statements") === "false",
    prepare === "false",
  ];
  return off.includes(true) ? false : prepare === "true" || undefined;
}

/** Parameters of libpq and of other clients that change nothing that we need. */
const withoutEffect = new Set([
  ...["channel_binding", "client_encoding", "gssencmode", "gsslib", "gssdelegation", "krbsrvname"],
  ...["keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval"],
  ...[
    "load_balance_hosts",
    "require_auth",
    "requirepeer",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
  ],
  ...["sslcrldir", "sslpassword", "sslsni", "ssl_max_protocol_version", "ssl_min_protocol_version"],
  ...["target_session_attrs", "tcp_user_timeout", "min_protocol_version", "max_protocol_version"],
  // Prisma, Supabase, Vercel, SQLAlchemy, JDBC, node-postgres and postgres.js
  ...["connection_limit", "pool_timeout", "socket_timeout", "sslaccept", "sslidentity", "supa"],
  ...["workaround", "uselibpqcompat", "pool_mode", "pool_size", "pool_max_conns", "max", "min"],
  ...[
    "max_lifetime",
    "idle_timeout",
    "keep_alive",
    "fetch_types",
    "max_pipeline",
    "backoff",
    "debug",
  ],
  ...[
    "tcpKeepAlive",
    "reWriteBatchedInserts",
    "binaryTransfer",
    "async_fallback",
    "encoding",
    "pool",
  ],
  ...[
    "sslfactory",
    "loginTimeout",
    "socketTimeout",
    "connectTimeout",
    "max_conns",
    "serverVersion",
  ],
]);

/** What a URL may ask for that we cannot give. */
function refuseUnsupported(parameters: ReadonlyMap<string, string>) {
  for (const name of ["service", "servicefile", "passfile", "replication"])
    if (parameters.has(name))
      throw new UrlProblem(`has the parameter ${name}, which is not supported. Leave it out`);
  if (parameters.get("gssencmode") === "require")
    throw new UrlProblem("requires GSSAPI, which is not supported. Use TLS: sslmode=require");
  const target = parameters.get("target_session_attrs");
  if (target !== undefined && !["any", "read-write", "primary"].includes(target))
    throw new UrlProblem(
      `asks for a server that is ${target}. Latchkey needs one that it can write to`,
    );
  const options = parameters.get("options") ?? "";
  const [, inOptions] = /search_path\s*=\s*(\S+)/.exec(options) ?? [];
  const schema =
    ["schema", "currentSchema", "search_path"].map((name) => parameters.get(name)).find(Boolean) ??
    inOptions;
  if (schema !== undefined && schema.split(",")[0]!.trim().replaceAll('"', "") !== "public")
    throw new UrlProblem(
      `names the schema ${schema}. Latchkey's tables are in the schema public: give it a database of its own`,
    );
}

/** Everything else is a setting of the session, as Postgres may know it. */
function readSession(extract: ExtractParameter, parameters: Map<string, string>) {
  for (const name of ["schema", "currentSchema", "search_path"]) extract(name);
  const [application_name = "latchkey"] = extractAll(extract, [
    "application_name",
    "ApplicationName",
    "fallback_application_name",
  ]);
  const ignored = [...parameters.keys()].filter((name) => withoutEffect.has(name));
  for (const name of ignored) parameters.delete(name);
  return { session: { application_name, ...Object.fromEntries(parameters) }, ignored };
}
