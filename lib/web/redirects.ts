import { redirect } from "next/navigation";
import { bounds } from "@/lib/core/policy";

const home = "/account";
// What paths of ours are made of. Backslashes, control characters, user info and whatever else a
// browser might read as another host are not among them.
const plainPath = /^\/[A-Za-z0-9\-._~/%?&=+#:,]*$/;
const encodedTrick = /%(2f|5c|[01][0-9a-f]|7f|(?![0-9a-f]{2}))/i;

/**
 * Where to go after signing in: a path of this origin, or the account page. The one place where
 * `next` is judged; it is never shown.
 */
export function safeNext(next: unknown): string {
  if (typeof next !== "string" || next.length > bounds.nextLength) return home;
  if (!plainPath.test(next) || encodedTrick.test(next)) return home;
  const base = "http://latchkey.invalid";
  if (!URL.canParse(next, base)) return home;
  const { origin, pathname, search, hash } = new URL(next, base);
  // Dots are folded by now: "/.//host" has become "//host".
  return origin === base && !pathname.includes("//") ? pathname + search + hash : home;
}

/** A page of ours that leads on from there; to itself where there is nowhere to go on to. */
export const withNext = (path: string, next: string) =>
  next ? `${path}?next=${encodeURIComponent(next)}` : path;

/**
 * The page that asks for a proof (step-up) and then leads on to `next`. `waiting` is the id of the form
 * that the proof is for, where one was interrupted.
 */
export const stepUpPath = (next: string, actionId = "") =>
  withNext(stepUpPage, next) + (actionId && `&for=${encodeURIComponent(actionId)}`);

const stepUpPage = "/account/confirm";

/** What a path made by `provePath` says; null for any other. */
export function parseStepUpPath(path: string): { next: string; actionId: string } | null {
  const [page, search] = path.split(/\?(.*)/s);
  if (page !== stepUpPage) return null;
  const query = new URLSearchParams(search);
  return { next: safeNext(query.get("next")), actionId: query.get("for") ?? "" };
}

/** After a proof of the mailbox: first to what its owner has to look at, if there is anything (O3). */
export function redirectAfterSignIn({
  next,
  needsConfirmation,
}: {
  next: string;
  needsConfirmation?: true;
}): never {
  redirectToNext(needsConfirmation ? "/account/methods" : next);
}

/** Ends a request with a redirect to where the person wanted to go. Never returns. */
export function redirectToNext(next: string): never {
  redirect(safeNext(next));
}
