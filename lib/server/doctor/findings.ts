import { bounds, intervals } from "@/lib/core/policy";

/**
 * Everything that `npm run doctor` can find. A code never changes its meaning: documents and programs
 * use it. `error`: something does not work, and the command ends with exit code 1. `warning`: it works,
 * and an operator should look. `info`: a fact that helps. `fix` says what to do, or what follows.
 */
const kinds = {
  // Settings
  settings_unreadable: {
    severity: "error",
    sentence: "The settings cannot be read.",
    fix: "{explanation}",
  },
  setting_invalid: {
    severity: "error",
    sentence: "The server would not start: {problem}",
    fix: "Correct it in the environment, in .env.local or in .env.",
  },
  checks_skipped: {
    severity: "info",
    sentence: "Database, email, limits and providers were not looked at.",
    fix: "Correct the settings first, then run the command again.",
  },
  setting_ignored: {
    severity: "warning",
    sentence: "{note}",
    fix: "Keep each setting in one place, under the name that .env.example has.",
  },
  setting_without_effect: {
    severity: "warning",
    sentence: "{reason}",
    fix: "Remove the setting, or set what it needs.",
  },
  // Keys
  keys_not_created: {
    severity: "info",
    sentence: "{names} are not set yet.",
    fix: "The first `npm start` creates them and stores them in {file}. Back this file up.",
  },
  keys_file_used: {
    severity: "info",
    sentence: "Keys come from {file}, {days} days old.",
    fix: "Back it up apart from the database: without it, queued emails and codes are lost.",
  },
  keys_file_readable: {
    severity: "warning",
    sentence: "Other users of this machine can read the keys in {file}.",
    fix: "chmod 600 {file}",
  },
  key_weak: {
    severity: "error",
    sentence: "{name} is not random.",
    fix: "Create it with: node -p \"crypto.randomBytes(32).toString('base64url')\"",
  },
  key_rotating: {
    severity: "info",
    sentence: "{name} is set, so what the key before it protects still works.",
    fix: "Remove it {wait} after the rotation: nothing needs it by then.",
  },
  // Database
  database_ready: {
    severity: "info",
    sentence: "Postgres {version} accepts reads and writes.",
    fix: "Nothing to do.",
  },
  database_url_invalid: database("DATABASE_URL or MIGRATE_DATABASE_URL cannot be used."),
  database_host_unknown: database("The host of the database is unknown."),
  database_unreachable: database("Nothing accepts connections where the database should be."),
  database_silent: database("The host of the database does not respond."),
  database_closed: database("The connection to the database is closed at once."),
  database_tls_failed: database("TLS with the database failed."),
  database_sign_in_refused: database("The database refuses the user or the password."),
  database_missing: database("The database does not exist."),
  database_parameter_refused: database("The database refuses a parameter of its URL."),
  database_schema_missing: database("The database has no schema public."),
  database_right_missing: database("The database user lacks a right."),
  database_connections_exhausted: database("The database has no connection left."),
  database_disk_full: database("The disk of the database is full."),
  database_out_of_memory: database("The database is out of memory."),
  database_read_only: database("The database cannot be written to."),
  database_not_ready: database("The database is starting, stopping or recovering."),
  database_slow: database("The database did not finish a statement in time."),
  database_refused: database("The database refused a statement."),
  database_not_migrated: database("This release cannot use the database."),
  database_too_old: {
    severity: "error",
    sentence: `The database is Postgres {version}; ${bounds.oldestPostgres} is the oldest that works.`,
    fix: "Move the data to a newer Postgres, with pg_dump and pg_restore.",
  },
  migrate_database_differs: {
    severity: "error",
    sentence: "MIGRATE_DATABASE_URL leads to another database than DATABASE_URL.",
    fix: "Let both lead to the same database; only the user may differ.",
  },
  migration_right_missing: {
    severity: "error",
    sentence: "Migrations are pending, and the user of {setting} may not create tables.",
    fix: "Set MIGRATE_DATABASE_URL to a user that may, or grant it: grant create on schema public, and create on the database.",
  },
  database_empty: {
    severity: "info",
    sentence: "The database has no tables yet.",
    fix: "The next start creates them, as does: npm run db:migrate",
  },
  migrations_pending: {
    severity: "error",
    sentence: "Migrations of this release are pending: {names}.",
    fix: "npm run db:migrate, or start the server, which applies them.",
  },
  migrations_newer: {
    severity: "warning",
    sentence: "A newer release has migrated the database, and this one can run on it: {names}.",
    fix: "Update this installation when the new release works.",
  },
  migrations_unknown: {
    severity: "error",
    sentence: "A newer release has migrated the database, and this one cannot run on it: {names}.",
    fix: "Run the newer release, or take its migrations back with `npm run db:down` there.",
  },
  table_rights_missing: {
    severity: "error",
    sentence: "The user of DATABASE_URL lacks rights on: {tables}.",
    fix: "grant select, insert, update, delete on all tables in schema public to that user; grant usage on schema drizzle; grant select on all tables in schema drizzle.",
  },
  connection_limit_low: {
    severity: "warning",
    sentence: `Postgres allows this user {available} connections, and each server opens up to ${bounds.databaseConnections}.`,
    fix: "Raise max_connections, or the limit of the user or the database (alter role … connection limit), to that number for each server and some more.",
  },
  clock_differs: {
    severity: "warning",
    sentence: "The clock of this machine and that of the database differ by {seconds} seconds.",
    fix: "Synchronize both, such as by NTP: the database's decides what has expired.",
  },
  // Embedded database
  embedded_database_used: {
    severity: "info",
    sentence: "The embedded database in {directory} is used.",
    fix: "For data you need, use Postgres: npm run db:copy -- --to postgres://…",
  },
  embedded_database_public: {
    severity: "warning",
    sentence: "A public server uses the embedded database, which a power failure can damage.",
    fix: "Use Postgres: npm run db:copy -- --to postgres://…, then set DATABASE_URL.",
  },
  embedded_database_new: {
    severity: "info",
    sentence: "There is no embedded database in {directory} yet.",
    fix: "The first start creates it. To use Postgres instead, set DATABASE_URL.",
  },
  embedded_database_in_use: {
    severity: "info",
    sentence: "A running server uses the embedded database, so it was not opened.",
    fix: "Stop the server and run the command again to look at migrations.",
  },
  embedded_database_unusable: {
    severity: "error",
    sentence: "The embedded database cannot be used.",
    fix: "{explanation}",
  },
  data_directory_unusable: {
    severity: "error",
    sentence: "DATA_DIR, {directory}, cannot be written to: {reason}.",
    fix: "Let the user that runs the server write there, or set DATA_DIR to another directory.",
  },
  disk_full: {
    severity: "error",
    sentence: "The disk of {directory} is full.",
    fix: "Free at least 64 MB there.",
  },
  disk_space_low: {
    severity: "warning",
    sentence: "The disk of {directory} has {megabytes} MB left, or few inodes.",
    fix: `Free space there, ${bounds.freeDiskBytes / 1024 / 1024} MB at least.`,
  },
  // Email
  mail_local: {
    severity: "info",
    sentence: "Emails stay on this machine, on the page /mailbox.",
    fix: "To send them, set SMTP_URL or RESEND_API_KEY, and MAIL_FROM.",
  },
  smtp_ready: {
    severity: "info",
    sentence: "The mail server {server} lets us sign in as sending does. Nothing was sent.",
    fix: "Whether it sends as {from} shows the first email: npm run doctor cannot try that.",
  },
  smtp_without_login: {
    severity: "warning",
    sentence: "SMTP_URL has no user, so the mail server {server} must relay for this machine.",
    fix: "Set SMTP_URL to smtps://user:password@host, unless the server knows this machine.",
  },
  smtp_unreachable: mailServer("The mail server cannot be reached."),
  smtp_silent: mailServer("The mail server does not respond."),
  smtp_not_mail_server: mailServer("What responds at SMTP_URL is no mail server."),
  smtp_tls_failed: mailServer("TLS with the mail server failed."),
  smtp_login_refused: mailServer("The mail server refuses the user or the password."),
  smtp_refused: mailServer("The mail server refuses this machine."),
  resend_ready: {
    severity: "info",
    sentence: "Resend accepts the key, and the domain of MAIL_FROM is verified there.",
    fix: "Nothing to do.",
  },
  resend_sends_only: {
    severity: "info",
    sentence: "Resend accepts the key, which may only send.",
    fix: "Look up yourself whether the domain of MAIL_FROM is verified: the key may not ask.",
  },
  resend_key_refused: {
    severity: "error",
    sentence: "Resend refuses the key: {explanation}",
    fix: "Set RESEND_API_KEY to a key of https://resend.com/api-keys. Emails wait meanwhile.",
  },
  resend_domain_unverified: {
    severity: "error",
    sentence: "The domain of MAIL_FROM, {domain}, is not verified at Resend.",
    fix: "Verify it at https://resend.com/domains, or set MAIL_FROM to an address of a verified one.",
  },
  resend_unreachable: {
    severity: "error",
    sentence: "Resend cannot be reached.",
    fix: "{explanation} Emails wait meanwhile.",
  },
  resend_refused: {
    severity: "error",
    sentence: "Resend did not accept the request: {explanation}",
    fix: "Try again later. If it stays, look at https://resend-status.com.",
  },
  // Limits
  redis_ready: {
    severity: "info",
    sentence: "Redis counts a limit in {milliseconds} ms.",
    fix: "Nothing to do.",
  },
  redis_slow: {
    severity: "warning",
    sentence: `Redis takes {milliseconds} ms for a limit; after ${intervals.redisTimeoutMs} ms it is counted in Postgres.`,
    fix: "Use a Redis in the same region, or none: Postgres counts as exactly.",
  },
  redis_evicts: {
    severity: "warning",
    sentence: "Redis may delete limits when its memory is full: its policy is {policy}.",
    fix: "Set maxmemory-policy to noeviction, or use a Redis of its own for the limits.",
  },
  redis_unreachable: redis("Redis cannot be reached."),
  redis_sign_in_refused: redis("Redis refuses the user, the password or the token."),
  redis_read_only: redis("Redis is a replica that cannot be written to."),
  redis_full: redis("The memory of Redis is full."),
  redis_right_missing: redis("The Redis user may not run the commands of limits."),
  redis_unusable: redis("Redis does not respond as Redis does."),
  // Providers
  provider_ready: {
    severity: "info",
    sentence: "{provider} publishes its endpoints and keys.",
    fix: "Register this redirect URI there: {redirect}",
  },
  provider_unreachable: {
    severity: "error",
    sentence: "{provider} cannot be reached at {issuer}: {reason}.",
    fix: "Check this machine's network and DNS. Other sign-in methods work meanwhile.",
  },
  provider_issuer_wrong: {
    severity: "error",
    sentence: "{issuer} does not respond as the OpenID Connect issuer of {provider}: {reason}.",
    fix: "Check proxies between, and {setting} if it is set.",
  },
  // Proxies and the running server
  server_ready: {
    severity: "info",
    sentence: "The server at {address} is ready.",
    fix: "Nothing to do.",
  },
  server_degraded: {
    severity: "warning",
    sentence: "The server at {address} responds, and says of {parts}: warn.",
    fix: "Its log says why.",
  },
  server_not_ready: {
    severity: "error",
    sentence: "The server at {address} is not ready, because of {parts}.",
    fix: "Its log says why, and so may the other findings.",
  },
  server_not_running: {
    severity: "info",
    sentence: "No server runs at {address}.",
    fix: "Start it: npm start",
  },
  port_used: {
    severity: "error",
    sentence: "Another program responds at {address}.",
    fix: "Stop it, or set PORT to another port.",
  },
  proxy_headers_ignored: {
    severity: "info",
    sentence:
      "TRUSTED_PROXY_HOPS is 0: the client's IP is the one that connects, and X-Forwarded-For is ignored.",
    fix: "Behind proxies, set it to their number. Otherwise all people share one IP and its limits.",
  },
  proxy_hops_trusted: {
    severity: "info",
    sentence:
      "TRUSTED_PROXY_HOPS is {hops}: the client's IP is entry {hops} of X-Forwarded-For, counted from its end.",
    fix: "Sign in and look at the IP address on the page Sessions: that of a proxy means that the number is too low. With one too high, clients can choose theirs.",
  },
  origin_ready: {
    severity: "info",
    sentence: "{url} leads to Latchkey, over the right scheme and host.",
    fix: "Nothing to do.",
  },
  origin_unreachable: {
    severity: "error",
    sentence: "{url} cannot be reached from this machine.",
    fix: "{explanation}",
  },
  origin_elsewhere: {
    severity: "error",
    sentence: "What responds at {url} is not Latchkey: {status}.",
    fix: "Let the proxy pass the paths of Latchkey to {address}.",
  },
  origin_not_origin: {
    severity: "error",
    sentence: "{url} is another origin than AUTH_URL, {origin}.",
    fix: "Set AUTH_URL to the origin that people use: links and cookies are for it alone.",
  },
  proxy_scheme_wrong: {
    severity: "error",
    sentence: "The server believes that requests to {url} come over plain http.",
    fix: "Let the proxy set X-Forwarded-Proto to https.",
  },
  proxy_host_wrong: {
    severity: "error",
    sentence: "The server refuses the Host header that the proxy passes on for {url}.",
    fix: "Let the proxy pass on the Host header of the client, or correct AUTH_URL.",
  },
  // The checks themselves
  check_timed_out: {
    severity: "error",
    sentence: `Looking at {subject} took longer than ${intervals.doctorCheck} seconds.`,
    fix: "Run the command again, as a busy machine can be the reason. If it stays, check the network between, and whether a firewall drops packets without a reply.",
  },
  check_failed: {
    severity: "error",
    sentence: "Looking at {subject} failed: {reason}",
    fix: "This is a fault of Latchkey. Please report it with this sentence.",
  },
} as const satisfies Record<string, Kind>;

interface Kind {
  readonly severity: "error" | "warning" | "info";
  readonly sentence: string;
  readonly fix: string;
}

/** The explanation is the one that the server prints when it cannot start. */
function database<const Sentence extends string>(sentence: Sentence) {
  return { severity: "error", sentence, fix: "{explanation}" } as const;
}

function mailServer<const Sentence extends string>(sentence: Sentence) {
  return { severity: "error", sentence, fix: "{explanation}" } as const;
}

/** Limits are counted in Postgres meanwhile. */
function redis<const Sentence extends string>(sentence: Sentence) {
  return {
    severity: "warning",
    sentence,
    fix: "{explanation} Limits are counted in Postgres meanwhile.",
  } as const;
}

export type FindingCode = keyof typeof kinds;
export const findingCodes = Object.keys(kinds) as FindingCode[];

/** The names in braces. */
type SlotsIn<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | SlotsIn<Rest>
  : never;
type SlotsOf<Code extends FindingCode> =
  SlotsIn<`${(typeof kinds)[Code]["sentence"]}${(typeof kinds)[Code]["fix"]}`>;

/** A finding before its sentences are put together. */
export interface Found {
  readonly code: FindingCode;
  readonly slots: Readonly<Record<string, string | number>>;
}

/** A finding with what its sentences need. */
export const found = <Code extends FindingCode>(
  code: Code,
  ...[slots]: SlotsOf<Code> extends never ? [] : [Record<SlotsOf<Code>, string | number>]
): Found => ({ code, slots: slots ?? {} });

/** A finding as it is printed. */
export interface Finding extends Kind {
  readonly code: FindingCode;
}

/** Puts the sentences together; `redact` removes secrets from what stands in the slots. */
export function findingOf({ code, slots }: Found, redact: (text: string) => string): Finding {
  const { severity, sentence, fix } = kinds[code];
  const fill = (text: string) =>
    text.replace(/\{(\w+)\}/g, (_, name: string) => redact(String(slots[name])));
  return { code, severity, sentence: fill(sentence), fix: fill(fix) };
}
