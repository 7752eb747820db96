import { cookies } from "next/headers";
import { cookieOf, type ResponseCookie } from "./cookies";

/** Sets cookies with Next's response. In actions and routes only. */
export async function setCookies(list: readonly ResponseCookie[]): Promise<void> {
  for (const { name, value, options } of list) (await cookies()).set(name, value, options);
}

/** Sets one cookie of ours; a value of `null` deletes it. In actions and routes only. */
export const writeCookie = (...cookie: Parameters<typeof cookieOf>) =>
  setCookies([cookieOf(...cookie)]);
