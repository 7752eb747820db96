import { describe, expect, it } from "vitest";
import { parsePostgresUrl, type PostgresUrl } from "./postgres-url";

const read = (text: string) => parsePostgresUrl(text) as PostgresUrl;
const at = (host: string, port = 5432) => ({ hosts: [{ host, port }] });

describe("a URL in a form of libpq", () => {
  it.each([
    ["postgres://ada:pw@db.example/latchkey", at("db.example")],
    ["postgresql://ada:pw@db.example:6432/latchkey", at("db.example", 6432)],
    ["postgres://ada:pw@[::1]:5433/latchkey", at("::1", 5433)],
    [
      "postgres://ada:pw@one:1,two:2/latchkey",
      { hosts: [...at("one", 1).hosts, ...at("two", 2).hosts] },
    ],
    [
      "postgres://ada:pw@/latchkey?host=one,two&port=6000",
      { hosts: [...at("one", 6000).hosts, ...at("two", 6000).hosts] },
    ],
    ["postgres://ada:pw@/latchkey", at("")],
    ["postgres://ada:pw@/latchkey?host=/var/run/postgresql", at("/var/run/postgresql")],
    ["postgres://ada:pw@%2Fvar%2Frun%2Fpostgresql:5433/latchkey", at("/var/run/postgresql", 5433)],
    [
      "postgres://ada:pw@/latchkey?host=/cloudsql/a-project:europe:db",
      at("/cloudsql/a-project:europe:db"),
    ],
    ["postgres:///?user=ada&password=pw&dbname=latchkey&host=db.example", at("db.example")],
    ["  postgres://ada:pw@db.example/latchkey\n", at("db.example")],
  ])("%s", (text, hosts) => {
    expect(read(text)).toMatchObject({
      ...hosts,
      user: "ada",
      password: "pw",
      database: "latchkey",
    });
  });

  it.each([
    ["pa%24s%2Fs", "pa$s/s"],
    ["pa$word", "pa$word"],
    ["p@ss", "p@ss"],
    ["a#b", "a#b"],
    ["a?b", "a?b"],
    ["a:b+c", "a:b+c"],
    ["", ""],
  ])("has the password %s", (written, password) => {
    expect(read(`postgres://ada:${written}@db.example:1/x`)).toMatchObject({
      ...at("db.example", 1),
      user: "ada",
      password,
    });
  });
});

describe("a URL as a provider hands it out", () => {
  it.each([
    [
      "Neon",
      "?sslmode=require&channel_binding=require",
      { tls: "require", ignored: ["channel_binding"] },
    ],
    [
      "Neon, with its endpoint",
      "?sslmode=require&options=endpoint%3Dep-a-1",
      { session: { options: "endpoint=ep-a-1", application_name: "latchkey" } },
    ],
    [
      "Supabase, for Prisma",
      "?pgbouncer=true&connection_limit=1",
      { prepare: false, ignored: ["connection_limit"] },
    ],
    [
      "Supabase, through Vercel",
      "?sslmode=require&supa=base-pooler.x",
      { tls: "require", ignored: ["supa"] },
    ],
    ["Heroku", "", { tls: undefined }],
    ["Heroku, for node-postgres", "?sslmode=no-verify", { tls: "require" }],
    [
      "RDS",
      "?sslmode=verify-full&sslrootcert=global-bundle.pem",
      { tls: "verify-full", tlsFiles: { rootCertificate: "global-bundle.pem" } },
    ],
    [
      "RDS, with a certificate to check",
      "?sslmode=require&sslrootcert=ca.pem",
      { tls: "verify-ca" },
    ],
    ["Prisma", "?schema=public&connect_timeout=10", { connectTimeout: 10, ignored: [] }],
    [
      "JDBC",
      "?ssl=true&prepareThreshold=0&currentSchema=public&ApplicationName=x",
      { tls: "require", prepare: false, session: { application_name: "x" } },
    ],
    [
      "Azure",
      "?sslmode=require&target_session_attrs=read-write",
      { tls: "require", ignored: ["target_session_attrs"] },
    ],
    ["Fly", "?sslmode=disable", { tls: "disable" }],
    [
      "several clients at once",
      "?sslmode=require&ssl=true&requiressl=1&application_name=x&ApplicationName=y&fallback_application_name=z",
      { tls: "require", session: { application_name: "x" }, ignored: [] },
    ],
    [
      "an old libpq",
      "?requiressl=1",
      { tls: "require", session: { application_name: "latchkey" } },
    ],
    ["asyncpg", "?ssl=require&statement_cache_size=0", { tls: "require", prepare: false }],
    ["postgres.js", "?prepare=true&sslnegotiation=direct", { prepare: true, directTls: true }],
    ["Debian's certificates", "?sslrootcert=system", { tls: "verify-full" }],
  ])("%s", (_, query, expected) => {
    const { session, ...rest } = read(`postgres://ada:pw@db.example/x${query}`);
    const { session: expectedSession, ...others } = { session, ...expected };
    expect(rest).toMatchObject(others);
    expect(session).toEqual(expectedSession);
  });

  it("passes a setting of the session on, with plus signs as they are", () => {
    expect(read("postgres://db.example/x?lock_timeout=5s&options=-c+a%20b").session).toEqual({
      application_name: "latchkey",
      lock_timeout: "5s",
      options: "-c+a b",
    });
  });
});

describe("a URL that cannot be used is named, without its password", () => {
  it.each([
    ["mysql://ada:secret@db.example/x", "must be a postgres:// URL"],
    ["host=db.example user=ada password=secret", "must be a postgres:// URL"],
    ["postgres://ada:sec/ret@db.example/x", "as %2F"],
    ["postgres://ada:100%secret@db.example/x", "write % itself as %25"],
    ["postgres://ada:secret/x", "What stands for the port is no port"],
    ["postgres://ada:secret@db.example:70000/x", "What stands for the port is no port"],
    ["postgres://ada:secret@db.example/x?sslmode=on", "unknown sslmode: on"],
    ["postgres://ada:secret@db.example/x?sslmode=constructor", "unknown sslmode: constructor"],
    ["postgres://ada:secret@db.example/x?ssl=toString", "unknown sslmode: toString"],
    ["postgres://ada:secret@db.example/x?service=main", "the parameter service"],
    ["postgres://ada:secret@db.example/x?gssencmode=require", "requires GSSAPI"],
    [
      "postgres://ada:secret@db.example/x?target_session_attrs=standby",
      "asks for a server that is standby",
    ],
    ["postgres://ada:secret@db.example/x?schema=auth", "names the schema auth"],
    ["postgres://ada:secret@db.example/x?options=-c%20search_path%3Dauth", "names the schema auth"],
  ])("%s", (text, problem) => {
    const result = parsePostgresUrl(text);
    expect(result).toEqual({ problem: expect.stringContaining(problem) as string });
    expect(JSON.stringify(result)).not.toContain("secret");
  });
});
