import { redirect } from "next/navigation";
import { safeNext } from "./safe-next";

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
