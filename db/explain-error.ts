import { databaseCauseOf } from "@/lib/core/database-error";
import { DatabaseUrlError } from "./client";
import { CopyError } from "./copy";
import { DirectoryLockedError } from "./lock";
import { MigrationError } from "./migrate";
import { EmbeddedDatabaseError } from "./pglite";

/** What an administrator can do, by SQLSTATE or error code. `NAME` stands for the variable with the URL. */
const advice: readonly (readonly [codes: RegExp, reason: RegExp, advice: string])[] = [
  [
    /^(28P01|SASL_\w+)$|^08P01$/,
    /password|SASL|auth/i,
    "Postgres refused the user or the password of NAME. Correct them there.",
  ],
  [
    /^28000$/,
    /no encryption|SSL off|SSL required/i,
    "Postgres accepts this connection only with TLS. Add sslmode=require to NAME.",
  ],
  [
    /^28000$/,
    /pg_hba|no entry/i,
    "Postgres does not let this user connect from this machine. Allow it in pg_hba.conf, or correct NAME.",
  ],
  [/^28\w{3}$/, /./, "Postgres does not let the user of NAME sign in. Correct it there."],
  [/^3D000$/, /./, "The database that NAME names does not exist. Create it, or correct the name."],
  [
    /^08P01$/,
    /startup parameter/i,
    "The pooler refuses a parameter in NAME. Remove it from there.",
  ],
  [/^42704$/, /configuration parameter/i, "NAME has a parameter that Postgres does not know."],
  [
    /^42501$/,
    /./,
    "The user of NAME lacks a right. Grant it, or set MIGRATE_DATABASE_URL to a user that may create tables.",
  ],
  [/^3F000$/, /./, "The database has no schema public. Create it, or let the user of NAME use it."],
  [
    /^53300$/,
    /./,
    "Postgres has no connection left. Raise max_connections, or stop other clients.",
  ],
  [/^53100$/, /./, "The disk of Postgres is full. Free space there."],
  [/^53200$/, /./, "Postgres is out of memory."],
  [
    /^25006$/,
    /./,
    "Postgres is read-only. It may be a standby: let NAME lead to the primary, or let Postgres write.",
  ],
  [
    /^57P03$/,
    /./,
    "Postgres is starting, stopping or recovering. Start Latchkey when it is ready.",
  ],
  [/^57P0\d$/, /./, "Postgres ended the connection. Start Latchkey again when it is ready."],
  [
    /^(57014|55P03)$/,
    /./,
    "Postgres did not finish a statement in time. Another session may hold a lock on the same tables.",
  ],
  [
    /^(ENOTFOUND|EAI_AGAIN)$/,
    /./,
    "The host of NAME is unknown. Correct its name, or the name server of this machine.",
  ],
  [
    /^ECONNREFUSED$/,
    /./,
    "Nothing accepts connections where NAME leads to. Start Postgres there, correct host and port, or unset DATABASE_URL to use the embedded database.",
  ],
  [
    /^ENOENT$/,
    /connect/,
    "There is no socket of Postgres where NAME leads to. Start Postgres there.",
  ],
  [
    /^(EACCES|EPERM)$/,
    /connect/,
    "This user may not open the socket of Postgres that NAME leads to.",
  ],
  [
    /^(CONNECT_TIMEOUT|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/,
    /./,
    "Nothing responds where NAME leads to. Correct host and port, or let a firewall pass.",
  ],
  [
    /^TLS_NOT_OFFERED$/,
    /./,
    "NAME requires TLS, and Postgres does not offer it. Turn on ssl in Postgres, or set sslmode=disable.",
  ],
  [
    /^(\w*CERT\w*|UNABLE_TO_\w+|ERR_TLS_\w+|ERR_SSL_\w+|ERR_OSSL_\w+|EPROTO|HOSTNAME_MISMATCH)$/,
    /./,
    "TLS with Postgres failed. Set sslrootcert in NAME to the certificate of its authority, or correct sslmode.",
  ],
  [
    /^(ECONNRESET|EPIPE|CONNECTION_(CLOSED|ENDED|DESTROYED))$/,
    /./,
    "The connection to Postgres was closed. The port may be that of another program, or a pooler may be in statement mode.",
  ],
  [
    /^AUTH_TYPE_NOT_IMPLEMENTED$/,
    /./,
    "Postgres asks for a way to sign in that is not supported. Use scram-sha-256 in pg_hba.conf.",
  ],
];

/** The database cannot be used. The message is a sentence for its administrator. */
export class DatabaseProblem extends Error {}

/** Rejects with `DatabaseProblem` where the work fails because of the database. */
export async function explained<T>(variable: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const explanation = explainDatabaseError(error, variable);
    throw explanation ? new DatabaseProblem(explanation, { cause: error }) : error;
  }
}

const isSqlState = (code: string | undefined) => /^[0-9A-Z]{5}$/.test(code ?? "");

/**
 * Why the database cannot be used, in a sentence that begins with what to do and ends with the
 * database's own words. Null where the error is not about the database. `variable` has its URL.
 */
function explainDatabaseError(error: unknown, variable: string): string | null {
  for (const expected of [DatabaseUrlError, DirectoryLockedError, EmbeddedDatabaseError, CopyError])
    if (error instanceof expected) return error.message.replace(/the database's URL/i, variable);
  if (error instanceof MigrationError && !error.cause) return error.message;
  const { code, reason } = databaseCauseOf(error);
  const [, , found] =
    advice.find(([codes, reasons]) => codes.test(code ?? "") && reasons.test(reason)) ?? [];
  if (!found && !isSqlState(code)) return null;
  const migration = error instanceof MigrationError ? `${error.message} ` : "";
  const general = "Postgres refused a statement.";
  return `${migration}${(found ?? general).replaceAll("NAME", variable)} It said: ${reason} (${code}).`;
}
