import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { z } from "zod";
import { seconds } from "@/lib/core/duration";
import type { MethodId } from "@/lib/core/method-id";
import { isOAuthMethodId } from "@/lib/methods";
import { getWorld } from "@/lib/runtime/world";
import { bounds, lifetimes } from "@/lib/core/policy";
import { isRefusalCode, type RefusalCode } from "@/lib/core/errors";
import type { Refusal } from "@/lib/core/result";
import { readCookie } from "./cookies";
import { writeCookie } from "./next-cookies";
import { withNext } from "./redirects";

/** What is no refusal and outlives one redirect: mostly good news. */
export const notes = [
  "signed_out",
  "request_cancelled",
  "others_signed_out",
  "session_signed_out",
  "password_set",
  "password_removed",
  "provider_cancelled",
  "provider_connected",
  "provider_already_linked",
  "provider_confirmed",
  "provider_disconnected",
  "step_up_requested",
  "signed_out_meanwhile",
  "suspended_action_cancelled",
  "suspended_action_lost",
  "sign_up_pending",
  "limits_cleared",
] as const;
export type NoteCode = (typeof notes)[number];

/**
 * What a page is told by the action that sent the browser to it: a refusal with what was typed (never a
 * secret), or a note. It lives in a cookie for a minute, so that forms work without JavaScript.
 */
const schema = z.object({
  page: z.string(),
  code: z.custom<RefusalCode>((code) => typeof code === "string" && isRefusalCode(code)).optional(),
  field: z.string().optional(),
  retryAfter: z.number().int().positive().transform(seconds).optional(),
  reference: z.string().optional(),
  note: z.enum(notes).optional(),
  provider: z.custom<MethodId>(isOAuthMethodId).optional(),
  minLength: z.number().int().positive().optional(),
  address: z.string().max(bounds.emailLength).optional(),
  email: z.string().max(bounds.emailLength).optional(),
  remember: z.boolean().optional(),
});

export interface Flash {
  readonly refusal: Refusal | null;
  readonly note: NoteCode | null;
  /** The provider that the note is about. */
  readonly provider?: MethodId | undefined;
  readonly email: string;
  readonly remember: boolean;
}

const emptyFlash: Flash = { refusal: null, note: null, email: "", remember: false };

/** What the last action left for this page; empty when it left nothing or the cookie is not ours. */
export async function readFlash(page: string): Promise<Flash> {
  const value = readCookie((await headers()).get("cookie"), getWorld().env, "flash");
  const stored = schema.safeParse(decode(value));
  if (!stored.success || stored.data.page !== page) return emptyFlash;
  const { code, note, provider, email, remember, ...rest } = stored.data;
  const { field, retryAfter, minLength, address, reference } = rest;
  const refusal = code
    ? { code, field, retryAfter, minLength, provider, address, reference }
    : null;
  return { refusal, note: note ?? null, provider, email: email ?? "", remember: remember ?? false };
}

/** What a form may find again as it was typed; never a password. */
interface Typed {
  readonly email?: unknown;
  readonly remember?: unknown;
}

/**
 * Ends an action with a "no", told on the page at `at` beside what was typed. Where the form's page was
 * not for whoever is signed in now, neither page nor typed values are theirs to see: they are told on
 * their own account page; or, when nobody is, on the sign-in page, from which `at` is the way back. Never
 * returns.
 */
export async function redirectWithError(
  page: string,
  refusal: Refusal,
  typed: Typed = {},
): Promise<never> {
  const { code, field, retryAfter, minLength, provider, address, reference } = refusal;
  if (code === "unavailable") redirect("/unavailable");
  if (code === "sign_in_required")
    return redirectWithNotice(withNext("/sign-in", page), "signed_out_meanwhile");
  const told = { code, field, retryAfter, minLength, provider, address, reference };
  if (code === "signed_in_as_other") {
    await writeFlash({ page: "/account", ...told });
    redirect("/account");
  }
  await writeFlash({ page: pathOf(page), ...told, ...typedValues(typed) });
  redirect(page);
}

// Told only to whoever has proved that the mailbox is theirs; no form can mend them.
const afterVerification = new Set<RefusalCode>([
  "account_disabled",
  "sign_up_closed",
  "already_signed_up",
]);

/** Like `sayNo`, for what proves a mailbox: what is known only after that has a page of its own. */
export const redirectWithErrorAfterVerification = (
  page: string,
  refusal: Refusal,
): Promise<never> =>
  redirectWithError(afterVerification.has(refusal.code) ? "/sign-in/problem" : page, refusal);

/** Ends an action with the same form on another page, what was typed in it. Never returns. */
export async function redirectWithValues(page: string, typed: Typed): Promise<never> {
  await writeFlash({ page: pathOf(page), ...typedValues(typed) });
  redirect(page);
}

const typedValues = ({ email, remember }: Typed) => ({
  email: typeof email === "string" ? email.slice(0, bounds.emailLength) : undefined,
  remember: remember === "on",
});

/** Ends an action with a note on the page at `at`, maybe about a provider. Never returns. */
export async function redirectWithNotice(
  page: string,
  note: NoteCode,
  provider?: MethodId,
): Promise<never> {
  await writeFlash({ page: pathOf(page), note, provider });
  redirect(page);
}

const writeFlash = (flash: z.input<typeof schema>) =>
  writeCookie(
    getWorld().env,
    "flash",
    Buffer.from(JSON.stringify(flash)).toString("base64url"),
    lifetimes.flash,
  );

// A token page is told by its place alone; its token stays out of the cookie.
const pathOf = (page: string) => page.split("?")[0]!.replace(/^\/l\/.*/, "/l");

function decode(value: string | null): unknown {
  try {
    return JSON.parse(Buffer.from(value ?? "", "base64url").toString("utf8"));
  } catch {
    return null;
  }
}
