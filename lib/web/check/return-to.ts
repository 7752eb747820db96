import { createHash } from "node:crypto";
import { z } from "zod";
import { derivedKey, seal, unseal } from "@/lib/core/crypto";
import type { Env } from "@/lib/core/env";
import { bounds, lifetimes } from "@/lib/core/policy";
import { safePath } from "@/lib/core/safe-path";
import type { World } from "@/lib/runtime/ports";
import { cookieOf, readCookie, type ResponseCookie } from "../cookies";
import { returnPath } from "../safe-next";

/**
 * The return path of a sign-in that leads to the URL that somebody visits. It always leads through
 * `/return`, which gets this browser's cookies and so notices a loop. To another origin the URL is
 * encrypted: nobody else can choose it, and a link to sign in never names another site.
 */
export function returnPathTo(
  { env, clock }: Pick<World, "env" | "clock">,
  { origin, path }: { readonly origin: string; readonly path: string },
): string | null {
  const through = (to: string) => safePath(`${returnPath}?to=${encodeURIComponent(to)}`);
  if (origin === env.origin.origin) return safePath(path) && through(path);
  const until = clock.now().getTime() + lifetimes.returnUrl * 1000;
  const sealed = (url: string) =>
    seal(returnKey(env), JSON.stringify({ url, until } satisfies z.input<typeof sealedUrl>));
  // A URL that is too long for a return path leads to the app's start page.
  return through(sealed(origin + path)) ?? through(sealed(`${origin}/`));
}

const sealedUrl = z.strictObject({ url: z.url(), until: z.number() });

const returnKey = ({ outboxKey }: Pick<Env, "outboxKey">) => derivedKey(outboxKey, "return_url");

/** Where `/return` leads: a path of ours, or a URL of `APP_ORIGINS`; null for what we have not made. */
function readReturnUrl({ env, clock }: Pick<World, "env" | "clock">, to: string | null) {
  if (to === null) return env.afterSignIn;
  if (to.startsWith("/")) return safePath(to);
  try {
    const { url, until } = sealedUrl.parse(JSON.parse(unseal(returnKey(env), to)));
    const isValid = until > clock.now().getTime() && env.appOrigins.includes(new URL(url).origin);
    return isValid ? url : null;
  } catch {
    return null;
  }
}

/** How `/return` responds. */
export type Return =
  | { readonly by: "nothing" }
  | { readonly by: "redirect" | "page" | "loop"; readonly url: string };

/**
 * Responds to `/return`. A redirect for a path of ours; a page that continues by itself for another
 * origin, as browsers check the redirects of a form against `form-action`. The same URL several times
 * in a row is a loop: this browser is signed in, but the check of that URL does not see its cookie.
 */
export function followReturn(
  world: Pick<World, "env" | "clock">,
  to: string | null,
  cookieHeader: string | null,
): { readonly response: Return; readonly cookie: ResponseCookie | null } {
  const { env } = world;
  const url = readReturnUrl(world, to);
  if (url === null) return { response: { by: "nothing" }, cookie: null };
  const by = url.startsWith("/") ? "redirect" : "page";
  const hash = createHash("sha256").update(url).digest("hex").slice(0, bounds.returnHash);
  const now = Math.floor(world.clock.now().getTime() / 1000);
  const isRecent = (one: string) => now - Number(one.split("-")[1]) < lifetimes.recentReturns;
  const recent = (readCookie(cookieHeader, env, "returns") ?? "").split(".").filter(isRecent);
  if (recent.filter((one) => one.startsWith(`${hash}-`)).length >= bounds.refusedReturns)
    return { response: { by: "loop", url }, cookie: cookieOf(env, "returns", null) };
  const remembered = [...recent, `${hash}-${now}`].slice(-bounds.rememberedReturns);
  return { response: { by, url }, cookie: cookieOf(env, "returns", remembered.join(".")) };
}
