import { databaseCauseOf } from "@/lib/core/database-error";
import { DatabaseUrlError } from "./client";
import { CopyError } from "./copy";
import { DirectoryLockedError } from "./lock";
import { MigrationError } from "./migrate";
import { EmbeddedDatabaseError } from "./pglite";

/** What an administrator can do, by SQLSTATE or error code. `NAME` stands for the variable with the URL. */
const advice = [
  [
    "sign_in_refused",
    /^(28P01|SASL_\w+)$|^08P01$/,
    /password|SASL|auth/i,
    "Postgres refused the user or the password of NAME. Correct them there.",
  ],
  [
    "tls_failed",
    /^28000$/,
    /no encryption|SSL off|SSL required/i,
    "Postgres accepts this connection only with TLS. Add sslmode=require to NAME.",
  ],
  [
    "sign_in_refused",
    /^28000$/,
    /pg_hba|no entry/i,
    "Postgres does not let this user connect from this machine. Allow it in pg_hba.conf, or correct NAME.",
  ],
  [
    "sign_in_refused",
    /^28\w{3}$/,
    /./,
    "Postgres does not let the user of NAME sign in. Correct it there.",
  ],
  [
    "missing",
    /^3D000$/,
    /./,
    "The database that NAME names does not exist. Create it, or correct the name.",
  ],
  [
    "parameter_refused",
    /^08P01$/,
    /startup parameter/i,
    "The pooler refuses a parameter in NAME. Remove it from there.",
  ],
  [
    "parameter_refused",
    /^42704$/,
    /configuration parameter/i,
    "NAME has a parameter that Postgres does not know.",
  ],
  [
    "right_missing",
    /^42501$/,
    /./,
    "The user of NAME lacks a right. Grant it, or set MIGRATE_DATABASE_URL to a user that may create tables.",
  ],
  [
    "schema_missing",
    /^3F000$/,
    /./,
    "The database has no schema public. Create it, or let the user of NAME use it.",
  ],
  [
    "connections_exhausted",
    /^53300$/,
    /./,
    "Postgres has no connection left. Raise max_connections, or stop other clients.",
  ],
  ["disk_full", /^53100$/, /./, "The disk of Postgres is full. Free space there."],
  ["out_of_memory", /^53200$/, /./, "Postgres is out of memory."],
  [
    "read_only",
    /^25006$/,
    /./,
    "Postgres is read-only. It may be a standby: let NAME lead to the primary, or let Postgres write.",
  ],
  [
    "not_ready",
    /^57P03$/,
    /./,
    "Postgres is starting, stopping or recovering. Start Latchkey when it is ready.",
  ],
  [
    "not_ready",
    /^57P0\d$/,
    /./,
    "Postgres ended the connection. Start Latchkey again when it is ready.",
  ],
  [
    "slow",
    /^(57014|55P03)$/,
    /./,
    "Postgres did not finish a statement in time. Another session may hold a lock on the same tables.",
  ],
  [
    "host_unknown",
    /^(ENOTFOUND|EAI_AGAIN)$/,
    /./,
    "The host of NAME is unknown. Correct its name, or the name server of this machine.",
  ],
  [
    "unreachable",
    /^ECONNREFUSED$/,
    /./,
    "Nothing accepts connections where NAME leads to. Start Postgres there, correct host and port, or unset DATABASE_URL to use the embedded database.",
  ],
  [
    "unreachable",
    /^ENOENT$/,
    /connect/,
    "There is no socket of Postgres where NAME leads to. Start Postgres there.",
  ],
  [
    "unreachable",
    /^(EACCES|EPERM)$/,
    /connect/,
    "This user may not open the socket of Postgres that NAME leads to.",
  ],
  [
    "silent",
    /^(CONNECT_TIMEOUT|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/,
    /./,
    "Nothing responds where NAME leads to. Correct host and port, or let a firewall pass.",
  ],
  [
    "tls_failed",
    /^TLS_NOT_OFFERED$/,
    /./,
    "NAME requires TLS, and Postgres does not offer it. Turn on ssl in Postgres, or set sslmode=disable.",
  ],
  [
    "tls_failed",
    /^(\w*CERT\w*|UNABLE_TO_\w+|ERR_TLS_\w+|ERR_SSL_\w+|ERR_OSSL_\w+|EPROTO|HOSTNAME_MISMATCH)$/,
    /./,
    "TLS with Postgres failed. Set sslrootcert in NAME to the certificate of its authority, or correct sslmode.",
  ],
  [
    "closed",
    /^(ECONNRESET|EPIPE|CONNECTION_(CLOSED|ENDED|DESTROYED))$/,
    /./,
    "The connection to Postgres was closed. The port may be that of another program, or a pooler may be in statement mode.",
  ],
  [
    "sign_in_refused",
    /^AUTH_TYPE_NOT_IMPLEMENTED$/,
    /./,
    "Postgres asks for a way to sign in that is not supported. Use scram-sha-256 in pg_hba.conf.",
  ],
] as const satisfies readonly (readonly [
  kind: string,
  codes: RegExp,
  reason: RegExp,
  advice: string,
])[];

/** What kind of problem it is, for programs; the message is for people. */
export type DatabaseProblemKind =
  | (typeof advice)[number][0]
  | "url_invalid"
  | "in_use"
  | "embedded_unusable"
  | "not_copied"
  | "not_migrated"
  | "refused";

/** The database cannot be used. The message is a sentence for its administrator. */
export class DatabaseProblem extends Error {
  constructor(
    readonly kind: DatabaseProblemKind,
    message: string,
    options: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Rejects with `DatabaseProblem` where the work fails because of the database. */
export async function explained<T>(variable: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const found = explainDatabaseError(error, variable);
    throw found ? new DatabaseProblem(found.kind, found.explanation, { cause: error }) : error;
  }
}

const isSqlState = (code: string | undefined) => /^[0-9A-Z]{5}$/.test(code ?? "");

const inWords = [
  [DatabaseUrlError, "url_invalid"],
  [DirectoryLockedError, "in_use"],
  [EmbeddedDatabaseError, "embedded_unusable"],
  [CopyError, "not_copied"],
] as const;

/**
 * Why the database cannot be used, in a sentence that begins with what to do and ends with the
 * database's own words. Null where the error is not about the database. `variable` has its URL.
 */
function explainDatabaseError(
  error: unknown,
  variable: string,
): { kind: DatabaseProblemKind; explanation: string } | null {
  for (const [expected, kind] of inWords)
    if (error instanceof expected)
      return { kind, explanation: error.message.replace(/the database's URL/i, variable) };
  if (error instanceof MigrationError && !error.cause)
    return { kind: "not_migrated", explanation: error.message };
  const { code, reason } = databaseCauseOf(error);
  const [kind = "refused", , , found] =
    advice.find(([, codes, reasons]) => codes.test(code ?? "") && reasons.test(reason)) ?? [];
  if (!found && !isSqlState(code)) return null;
  const migration = error instanceof MigrationError ? `${error.message} ` : "";
  const general = "Postgres refused a statement.";
  const said = (found ?? general).replaceAll("NAME", variable);
  return { kind, explanation: `${migration}${said} It said: ${reason} (${code}).` };
}
