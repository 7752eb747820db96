import { DrizzleQueryError } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { isDatabaseUnavailable } from "./client";

const coded = (code: unknown, message = "x") => Object.assign(new Error(message), { code });
const within = (cause: unknown, times = 1): unknown =>
  times === 0 ? cause : within(new Error("outer", { cause }), times - 1);

describe("a fault that is reported as “try again in a few seconds”", () => {
  it("recognises a disk without inodes for temporary files, and no other internal error", () => {
    const file = 'could not create temporary file "base/pgsql_tmp/pgsql_tmp42.0": No such file';
    expect(isDatabaseUnavailable(within(coded("XX000", file)))).toBe(true);
    expect(isDatabaseUnavailable(within(coded("XX000", "cache lookup failed")))).toBe(false);
  });

  it.each([
    ["no server listens", "ECONNREFUSED"],
    ["the connection broke", "ECONNRESET"],
    ["the connection broke while writing", "EPIPE"],
    ["the network does not respond", "ETIMEDOUT"],
    ["no route to the host", "EHOSTUNREACH"],
    ["no route to the network", "ENETUNREACH"],
    ["its name does not resolve", "ENOTFOUND"],
    ["names temporarily do not resolve", "EAI_AGAIN"],
    ["the driver waited too long for a connection", "CONNECT_TIMEOUT"],
    ["the driver's connection closed", "CONNECTION_CLOSED"],
    ["the driver's connection ended", "CONNECTION_ENDED"],
    ["the driver's connection was destroyed", "CONNECTION_DESTROYED"],
    ["connection exception", "08000"],
    ["connection failure", "08006"],
    ["protocol violation", "08P01"],
    ["too many connections", "53300"],
    ["disk full", "53100"],
    ["out of memory", "53200"],
    ["shut down by its administrator", "57P01"],
    ["crashed", "57P02"],
    ["starting up", "57P03"],
    ["database dropped", "57P04"],
    ["idle session ended", "57P05"],
    ["a statement took too long", "57014"],
    ["read-only", "25006"],
    ["idle in transaction for too long", "25P03"],
    ["lost a race in a serializable transaction", "40001"],
    ["deadlock", "40P01"],
    ["lock not available", "55P03"],
    ["input and output error of the disk", "58030"],
  ])("recognises %s (%s)", (_, code) => {
    expect(isDatabaseUnavailable(coded(code))).toBe(true);
    expect(isDatabaseUnavailable(within(coded(code)))).toBe(true);
    expect(isDatabaseUnavailable(within(coded(code), 5))).toBe(true);
    expect(isDatabaseUnavailable(new AggregateError([new Error("x"), coded(code)]))).toBe(true);
    expect(isDatabaseUnavailable(within(new AggregateError([within(coded(code))])))).toBe(true);
  });

  it("recognises the error inside the query builder's wrapper", () => {
    const error = new DrizzleQueryError("select 1", [], coded("57P01"));
    expect(isDatabaseUnavailable(error)).toBe(true);
  });

  it("recognises a host of which no address responded", () => {
    const all = ["::1", "127.0.0.1"].map((address) =>
      coded("ECONNREFUSED", `connect ECONNREFUSED ${address}:5432`),
    );
    expect(
      isDatabaseUnavailable(Object.assign(new AggregateError(all), { code: "ECONNREFUSED" })),
    ).toBe(true);
    expect(isDatabaseUnavailable(new AggregateError(all))).toBe(true);
  });
});

describe("a fault of our own, which is not reported as the database's", () => {
  it.each([
    ["a duplicate", "23505"],
    ["a missing parent row", "23503"],
    ["a missing value", "23502"],
    ["a broken check", "23514"],
    ["a missing table", "42P01"],
    ["a missing column", "42703"],
    ["broken SQL", "42601"],
    ["a forbidden statement", "42501"],
    ["a value of the wrong type", "22P02"],
    ["a transaction that had failed before", "25P02"],
    ["a wrong password", "28P01"],
    ["a database that does not exist", "3D000"],
    ["something raised by a trigger", "P0001"],
    ["a code that only contains one of those", "X57P01"],
    ["a code that only begins as one of those", "57P011"],
    ["no code", undefined],
    ["an empty code", ""],
    ["a number", 57014],
    ["a broken header", "ERR_INVALID_CHAR"],
  ])("recognises %s (%s)", (_, code) => {
    expect(isDatabaseUnavailable(coded(code))).toBe(false);
    expect(isDatabaseUnavailable(within(coded(code), 3))).toBe(false);
    expect(isDatabaseUnavailable(new AggregateError([coded(code)]))).toBe(false);
  });

  it.each([
    ["a plain error", new Error("connect ECONNREFUSED 127.0.0.1:5432")],
    ["a text", "ECONNREFUSED"],
    ["nothing", undefined],
    ["null", null],
    ["a number", 57014],
    ["an object that is no error", { code: "ECONNREFUSED" }],
    ["an error whose cause is no error", new Error("x", { cause: { code: "57P01" } })],
    ["an error whose cause is a text", new Error("x", { cause: "57P01" })],
    ["a collection of nothing", new AggregateError([])],
    ["a type error", new TypeError("x is not a function")],
  ])("recognises %s", (_, error) => expect(isDatabaseUnavailable(error)).toBe(false));

  it("recognises a missing file that no database needs", () => {
    const error = Object.assign(new Error("ENOENT: no such file or directory, open 'x.json'"), {
      code: "ENOENT",
      errno: -2,
      syscall: "open",
      path: "x.json",
    });
    expect(isDatabaseUnavailable(error)).toBe(false);
  });

  it("does not include a missing socket file of a local Postgres", () => {
    const error = Object.assign(new Error("connect ENOENT /run/postgresql/.s.PGSQL.5432"), {
      code: "ENOENT",
      syscall: "connect",
    });
    expect(isDatabaseUnavailable(error)).toBe(true);
  });
});
