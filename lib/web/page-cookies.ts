import { AsyncLocalStorage } from "node:async_hooks";
import type { CookieName } from "./cookies";

/** On the global object, because Next loads this module once per bundle. */
const holder = globalThis as { [key: symbol]: AsyncLocalStorage<Set<CookieName>> | undefined };
const symbol = Symbol.for("latchkey.page-cookies");
const storage = (holder[symbol] ??= new AsyncLocalStorage());

/** Runs a request. The cookies that its page deletes are added to `deleted` until the response starts. */
export const collectDeletedCookies = (deleted: Set<CookieName>, run: () => void): void =>
  storage.run(deleted, run);

/** Deletes a cookie with the response. A page cannot set cookies, so the request gate sends it. */
export const deleteCookie = (name: CookieName): void => void storage.getStore()?.add(name);
