import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { z } from "zod";
import { seconds } from "@/lib/core/duration";
import type { MethodId } from "@/lib/core/method-id";
import { isMethodId, isOAuthMethodId } from "@/lib/methods";
import { getWorld } from "@/lib/runtime/world";
import { addressProblems } from "@/lib/core/identifier";
import { bounds, type LimitName, limits } from "@/lib/core/policy";
import { isRefusalCode, type RefusalCode } from "@/lib/core/errors";
import { otherMethodKinds, type Refusal } from "@/lib/core/result";
import { readCookie } from "./cookies";
import {
  decodeFlash,
  encodeFlash,
  type EnteredValues,
  flashPageOf,
  flashValues,
} from "./flash-page";
import { readIncomingRequest } from "./incoming-request";
import { writeCookie } from "./next-cookies";
import { restorePath, withNext } from "./redirects";

/** The messages of a flash that are no errors. */
export const notes = [
  "signed_out",
  "request_cancelled",
  "sign_in_reported",
  "sign_in_had_ended",
  "methods_unlocked",
  "others_signed_out",
  "session_signed_out",
  "profile_saved",
  "email_changed",
  "email_restored",
  "account_deleted",
  "account_restored",
  "password_set",
  "password_removed",
  "provider_cancelled",
  "provider_connected",
  "provider_already_linked",
  "provider_confirmed",
  "provider_disconnected",
  "step_up_requested",
  "signed_out_meanwhile",
  "already_signed_in",
  "suspended_action_cancelled",
  "suspended_action_lost",
  "sign_up_pending",
  "limits_cleared",
  "setup_done",
  "sign_up_code_sent",
  "test_email_queued",
  "invitation_sent",
  "invitation_cancelled",
  "user_sessions_revoked",
  "user_disabled",
  "user_enabled",
  "user_role_changed",
  "access_link_sent",
  "access_link_cancelled",
  "email_change_started",
  "email_change_cancelled",
  "email_change_confirmed",
  "email_change_stopped",
] as const;
export type NoteCode = (typeof notes)[number];

/**
 * The message of an action for the page that it redirects to: an error with the values that were
 * entered, never a secret, or a note. A cookie contains it, so that forms work without script.
 */
const schema = z.object({
  page: z.string(),
  code: z.custom<RefusalCode>((code) => typeof code === "string" && isRefusalCode(code)).optional(),
  field: z.string().optional(),
  retryAfter: z.number().int().positive().transform(seconds).optional(),
  reference: z.string().optional(),
  note: z.enum(notes).optional(),
  provider: z.custom<MethodId>(isOAuthMethodId).optional(),
  method: z.custom<MethodId>(isMethodId).optional(),
  emailHasLink: z.boolean().optional(),
  otherMethods: z.enum(otherMethodKinds).optional(),
  minLength: z.number().int().positive().optional(),
  problem: z.enum(addressProblems).optional(),
  limit: z.custom<LimitName>((name) => typeof name === "string" && name in limits).optional(),
  address: z.string().max(bounds.emailLength).optional(),
  email: z.string().max(bounds.emailLength).optional(),
  name: z.string().max(bounds.fieldLength).optional(),
  timeZone: z.string().max(bounds.fieldLength).optional(),
  remember: z.boolean().optional(),
});

export interface Flash {
  readonly refusal: Refusal | null;
  readonly note: NoteCode | null;
  /** The provider that the note is about. */
  readonly provider?: MethodId | undefined;
  readonly email: string;
  readonly remember: boolean;
  /** Undefined where no profile was entered. */
  readonly name?: string | undefined;
  readonly timeZone?: string | undefined;
}

const emptyFlash: Flash = { refusal: null, note: null, email: "", remember: false };

/** The message for this page; an empty one without a valid cookie for this page. */
export async function readFlash(page: string): Promise<Flash> {
  const value = readCookie((await headers()).get("cookie"), getWorld().env, "flash");
  const stored = schema.safeParse(decodeFlash(value));
  if (!stored.success || stored.data.page !== page) return emptyFlash;
  const { code, note, provider, email, remember, name, timeZone, page: _, ...rest } = stored.data;
  const refusal = code ? { code, provider, ...shownOf(rest) } : null;
  const entered = { email: email ?? "", remember: remember ?? false, name, timeZone };
  return { refusal, note: note ?? null, provider, ...entered };
}

/**
 * Ends an action with an error, shown on `page` with the values that were entered. When the form's page
 * was for another user, the current user must see neither: the error is shown on their account page,
 * or, when signed out, on the sign-in page, which returns to `page`. A browser without cookies is told on
 * the sign-in page, too. Never returns.
 */
export async function redirectWithError(
  page: string,
  refusal: Refusal,
  entered: EnteredValues = {},
): Promise<never> {
  const { code, provider } = refusal;
  if (code === "unavailable") redirect("/unavailable");
  if (code === "account_deleted") redirect(restorePath);
  if (code === "sign_in_required")
    return redirectWithNotice(withNext("/sign-in", page), "signed_out_meanwhile");
  const shown = { code, provider, ...shownOf(refusal) };
  if (code === "cookies_blocked") {
    // For a browser that had lost its cookies; one that accepts none is told by the note.
    await writeFlash({ page: "/sign-in", ...shown, ...flashValues(entered) });
    const next = new URLSearchParams(page.split("?")[1]).get("next") ?? "";
    redirect(`${withNext("/sign-in", next)}${next ? "&" : "?"}note=cookies_blocked`);
  }
  if (code === "signed_in_as_other") {
    await writeFlash({ page: accountPage, ...shown });
    redirect(accountPage);
  }
  if (await redirectsOn(page)) return redirectWithNotice(accountPage, "already_signed_in");
  const at = await pageForError(page, refusal);
  await writeFlash({ page: flashPageOf(at), ...shown, ...flashValues(entered) });
  redirect(at);
}

const shownFacts = [
  "field",
  "retryAfter",
  "limit",
  "minLength",
  "problem",
  "address",
  "reference",
  "method",
  "emailHasLink",
  "otherMethods",
] as const satisfies readonly (keyof Refusal)[];

/** What a page shows of a refusal besides its code and its provider. */
const shownOf = (refusal: Omit<Refusal, "code">): Pick<Refusal, (typeof shownFacts)[number]> =>
  Object.fromEntries(shownFacts.map((fact) => [fact, refusal[fact]]));

const accountPage = "/account";

/** Pages that redirect a signed-in user: what they should show would be lost. */
const signedOutPages = new Set(["/sign-in", "/sign-in/password", "/sign-up"]);

const redirectsOn = async (page: string) => signedOutPages.has(flashPageOf(page)) && isSignedIn();

/** Reads the session again, since the action may have ended it. */
async function isSignedIn(): Promise<boolean> {
  const { requestContext } = readIncomingRequest(getWorld(), await headers());
  return requestContext.readSession().then(Boolean, () => false);
}

/** Pages that do not exist where the method of their form is disabled. */
const ofMethod = /^\/(sign-in|sign-up|verify-email|password|l|account\/password)(\/|$)/;

/** The page that shows the error of a form on `page`. */
async function pageForError(page: string, { code, method }: Refusal): Promise<string> {
  const [path = ""] = page.split("?");
  if (code !== "not_found" || method === undefined || !ofMethod.test(path)) return page;
  return (await isSignedIn()) ? "/account/methods" : `/sign-in${page.slice(path.length)}`;
}

// Shown only after an email verification, because they reveal whether an account exists.
const afterVerification = new Set<RefusalCode>([
  "account_disabled",
  "sign_up_closed",
  "already_signed_up",
]);

/** Like `redirectWithError`, after an email verification: errors of the account have a page of their own. */
export const redirectWithErrorAfterVerification = (
  page: string,
  refusal: Refusal,
  entered?: EnteredValues,
): Promise<never> =>
  redirectWithError(
    afterVerification.has(refusal.code) ? "/sign-in/problem" : page,
    refusal,
    entered,
  );

/** Ends an action with the same form on another page, with the values entered. Never returns. */
export async function redirectWithValues(page: string, entered: EnteredValues): Promise<never> {
  await writeFlash({ page: flashPageOf(page), ...flashValues(entered) });
  redirect(page);
}

/** Ends an action with a note on `page`. Never returns. */
export async function redirectWithNotice(
  page: string,
  note: NoteCode,
  provider?: MethodId,
): Promise<never> {
  const shownOn = (await redirectsOn(page)) ? accountPage : page;
  await writeFlash({ page: flashPageOf(shownOn), note, provider });
  redirect(shownOn);
}

const writeFlash = (flash: z.input<typeof schema>) =>
  writeCookie(getWorld().env, "flash", encodeFlash(flash));
