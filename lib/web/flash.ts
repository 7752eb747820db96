import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { z } from "zod";
import { seconds } from "@/lib/duration";
import { theWorld } from "@/lib/outside/world";
import { bounds, lifetimes } from "@/lib/policy";
import { isRefusalCode, type RefusalCode } from "@/lib/refusals";
import type { Refusal } from "@/lib/result";
import { readCookie, writeCookie } from "./cookies";

/** Good news that outlives one redirect. */
export const notes = [
  "signed_out",
  "request_cancelled",
  "others_signed_out",
  "session_signed_out",
  "limits_cleared",
] as const;
export type NoteCode = (typeof notes)[number];

/**
 * What a page is told by the action that sent the browser to it: a refusal with what was typed (never a
 * secret), or a note. It lives in a cookie for a minute, so that forms work without JavaScript.
 */
const schema = z.object({
  at: z.string(),
  code: z.custom<RefusalCode>((code) => typeof code === "string" && isRefusalCode(code)).optional(),
  field: z.string().optional(),
  retryAfter: z.number().int().positive().transform(seconds).optional(),
  reference: z.string().optional(),
  note: z.enum(notes).optional(),
  email: z.string().max(bounds.emailLength).optional(),
});

export interface Flash {
  readonly refusal: Refusal | null;
  readonly note: NoteCode | null;
  readonly email: string;
}

/** What the last action left for this page; empty when it left nothing or the cookie is not ours. */
export async function readFlash(at: string): Promise<Flash> {
  const value = readCookie((await headers()).get("cookie"), theWorld().env, "flash");
  const left = schema.safeParse(decode(value));
  if (!left.success || left.data.at !== at) return { refusal: null, note: null, email: "" };
  const { code, field, retryAfter, reference, note, email } = left.data;
  const refusal = code ? { code, field, retryAfter, reference } : null;
  return { refusal, note: note ?? null, email: email ?? "" };
}

/** Ends an action with a "no", told on the page at `at` beside what was typed. Never returns. */
export async function sayNo(
  at: string,
  refusal: Refusal,
  typed: { email?: unknown } = {},
): Promise<never> {
  if (refusal.code === "unavailable") redirect("/unavailable");
  const { code, field, retryAfter, reference } = refusal;
  const email =
    typeof typed.email === "string" ? typed.email.slice(0, bounds.emailLength) : undefined;
  await leave({ at: pathOf(at), code, field, retryAfter, reference, email });
  redirect(at);
}

/** Ends an action with a note on the page at `at`. Never returns. */
export async function sayDone(at: string, note: NoteCode): Promise<never> {
  await leave({ at: pathOf(at), note });
  redirect(at);
}

const leave = (flash: z.input<typeof schema>) =>
  writeCookie(
    theWorld().env,
    "flash",
    Buffer.from(JSON.stringify(flash)).toString("base64url"),
    lifetimes.flash,
  );

// A token page is told by its place alone; its token stays out of the cookie.
const pathOf = (at: string) => at.split("?")[0]!.replace(/^\/l\/.*/, "/l");

function decode(value: string | null): unknown {
  try {
    return JSON.parse(Buffer.from(value ?? "", "base64url").toString("utf8"));
  } catch {
    return null;
  }
}
