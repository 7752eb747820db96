import { redirect } from "next/navigation";
import type { Session } from "@/lib/store/sessions";
import { safeNext } from "./safe-next";

/** The path of a page with a return path; without one when `next` is empty. */
export const withNext = (path: string, next: string) =>
  next ? `${path}?next=${encodeURIComponent(next)}` : path;

/** The path of a form whose address the user wants to change: it begins with the pending request's. */
export const withChange = (path: string) => `${path}${path.includes("?") ? "&" : "?"}change`;

/** The path of the step-up page, which continues to `next`. `actionId` is the suspended action, if any. */
export const stepUpPath = (next: string, actionId = "") =>
  withNext(stepUpPage, next) + (actionId && `&for=${encodeURIComponent(actionId)}`);

/** All that a session shows whose account will be erased. */
export const restorePath = "/account/restore";

const stepUpPage = "/account/confirm";

/** The parts of a path that `stepUpPath` made; null for any other path. */
export function parseStepUpPath(path: string): { next: string; actionId: string } | null {
  const [page, search] = path.split(/\?(.*)/s);
  if (page !== stepUpPage) return null;
  const query = new URLSearchParams(search);
  return { next: safeNext(query.get("next")), actionId: query.get("for") ?? "" };
}

/** Whether a safe path is one of the pages for staff. */
export const isStaffPath = (path: string): boolean => path.startsWith("/admin/");

/** After an email verification: first to the providers that the owner has to confirm, if any (O3). */
export function redirectAfterSignIn({
  next,
  needsConfirmation,
}: {
  next: string;
  needsConfirmation?: true;
}): never {
  redirectToNext(needsConfirmation ? "/account/methods" : next);
}

/** Redirects to a return path, if it is safe. Never returns. */
export function redirectToNext(next: string): never {
  redirect(safeNext(next));
}

/** Leads a signed-in user on from a page for signed-out users. Never returns. */
export function redirectSignedIn({ deletesAt }: Pick<Session, "deletesAt">, next: string): never {
  if (deletesAt) redirect(restorePath);
  redirectToNext(next);
}
