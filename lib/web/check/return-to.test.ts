import { describe, expect, it } from "vitest";
import { derivedKey, seal } from "@/lib/core/crypto";
import { bounds, lifetimes } from "@/lib/core/policy";
import { testEnv, testKeys } from "@/test/support/world";
import { safeNext } from "../safe-next";
import { followReturn, returnPathTo } from "./return-to";

const app = "https://example.com:8443";
const env = { ...testEnv(), origin: new URL("https://example.com"), appOrigins: [app] };
const at = (time: number, changes: Partial<typeof env> = {}) => ({
  env: { ...env, ...changes },
  clock: { now: () => new Date(time) },
});
const world = at(0);

/** The parameter of a return path, as the route reads it. */
const paramOf = (next: string | null) =>
  new URL(next ?? "", "http://localhost").searchParams.get("to") ?? "";

const follow = (to: string | null, cookie: string | null = null, where = world) =>
  followReturn(where, to, cookie);

const nothing = { by: "nothing" };

describe("the return path", () => {
  it("is a return path through /return, which sign-in accepts", () => {
    for (const visited of [
      { origin: env.origin.origin, path: "/app?tab=1&x=%7B" },
      { origin: app, path: "/app?tab=1" },
    ]) {
      const next = returnPathTo(world, visited);
      expect(next).toMatch(/^\/return\?to=/);
      expect(safeNext(next, env)).toBe(next);
    }
  });

  it("leads to the same path of our origin by a redirect", () => {
    const to = paramOf(
      returnPathTo(world, { origin: env.origin.origin, path: "/app?tab=1&x=%7B" }),
    );
    expect(to).toBe("/app?tab=1&x=%7B");
    expect(follow(to).response).toEqual({ by: "redirect", url: "/app?tab=1&x=%7B" });
  });

  it("leads to another origin by a page, and says nothing about it before", () => {
    const next = returnPathTo(world, { origin: app, path: "/app?secret=1" });
    expect(next).not.toMatch(/8443|app|secret/);
    const page = { by: "page", url: `${app}/app?secret=1` };
    expect(follow(paramOf(next)).response).toEqual(page);
    const inTime = at((lifetimes.returnUrl - 1) * 1000);
    expect(follow(paramOf(next), null, inTime).response).toEqual(page);
    const rotated = at(0, { outboxKey: [testKeys.nextOutbox, testKeys.outbox] });
    expect(follow(paramOf(next), null, rotated).response).toEqual(page);
  });

  it("leads to the app's start page when the URL is too long, and where sign-in leads on ours", () => {
    const path = `/${"x".repeat(bounds.nextLength)}`;
    const next = returnPathTo(world, { origin: app, path });
    expect(follow(paramOf(next)).response).toEqual({ by: "page", url: `${app}/` });
    expect(returnPathTo(world, { origin: env.origin.origin, path })).toBeNull();
  });

  it.each(["//evil.example", "/api/v1/session", "/check", "/%5cevil.example"])(
    "leads to no path of ours that is no page: %s",
    (path) => {
      expect(returnPathTo(world, { origin: env.origin.origin, path })).toBeNull();
    },
  );
});

describe("/return", () => {
  const sealed = (value: unknown, key = derivedKey(env.outboxKey, "return_url")) =>
    seal(key, JSON.stringify(value));
  const valid = { url: `${app}/`, until: 1 };

  it.each<[string, string]>([
    ["another host", "https://evil.example"],
    ["another host without a scheme", "//evil.example"],
    ["a backslash", "/\\evil.example"],
    ["an encoded backslash", "/%5cevil.example"],
    ["a header", "/app\r\nSet-Cookie: a=b"],
    ["an allowed origin, but not from us", `${app}/`],
    ["nothing", ""],
    ["random text", "AAAA"],
    ["a long text", "A".repeat(9_000)],
    ["what another key encrypted", sealed(valid, derivedKey([testKeys.token], "return_url"))],
    ["what the same key encrypted for another purpose", sealed(valid, env.outboxKey)],
    ["an origin that is not listed any more", sealed({ ...valid, url: "https://example.com:1/" })],
    ["a script", sealed({ ...valid, url: "javascript:alert(1)" })],
    ["no URL", sealed({ ...valid, url: "x" })],
    ["one that has expired", sealed({ ...valid, until: 0 })],
    ["one without an end", sealed({ url: valid.url })],
    ["a list", sealed([valid])],
  ])("leads nowhere for %s", (_, to) => {
    expect(follow(to)).toEqual({ response: nothing, cookie: null });
  });

  it("leads where sign-in leads without a parameter", () => {
    expect(follow(null).response).toEqual({ by: "redirect", url: "/account" });
    const elsewhere = at(0, { afterSignIn: `${app}/start` });
    expect(follow(null, null, elsewhere).response).toEqual({ by: "page", url: `${app}/start` });
    expect(safeNext("//evil.example", elsewhere.env)).toBe("/return");
    expect(safeNext(undefined, { afterSignIn: "/start" })).toBe("/start");
  });

  it("recognises a loop at the fourth return to a URL in a row, and forgets it", () => {
    let jar: string | null = null;
    const visit = (to: string) => {
      const { response, cookie } = follow(to, jar);
      expect(cookie).toMatchObject({ name: "__Host-returns" });
      const isDeleted = cookie!.options.maxAge === 0;
      jar = isDeleted ? null : `${cookie!.name}=${cookie!.value}`;
      return response.by;
    };
    // Other tabs in between change nothing.
    expect(["/a", "/b", "/a", "/c", "/a"].map(visit)).toEqual(Array(5).fill("redirect"));
    expect(visit("/a")).toBe("loop");
    expect(visit("/a")).toBe("redirect");
  });

  it("counts only the returns of half a minute, however long they go on", () => {
    let jar: string | null = null;
    for (const second of [0, 20, 40, 60, 80, 100]) {
      const { response, cookie } = follow("/a", jar, at(second * 1000));
      expect(response.by).toBe("redirect");
      jar = `${cookie!.name}=${cookie!.value}`;
    }
  });

  it("remembers few returns, in a cookie that stays small", () => {
    const many = Array.from({ length: 100 }, (_, n) => `${n}-0`).join(".");
    const { cookie } = follow("/a", `__Host-returns=${many}`);
    expect(cookie!.options.maxAge).toBe(lifetimes.recentReturns);
    expect(cookie!.value.split(".")).toHaveLength(bounds.rememberedReturns);
  });
});
