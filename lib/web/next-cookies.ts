import { cookies } from "next/headers";
import { cookieOf, type ResponseCookie } from "./cookies";

/** Sets cookies of Next's response. Only in actions and routes. */
export async function setCookies(list: readonly ResponseCookie[]): Promise<void> {
  for (const { name, value, options } of list) (await cookies()).set(name, value, options);
}

/** Sets one cookie. A value of `null` deletes it. Only in actions and routes. */
export const writeCookie = (...cookie: Parameters<typeof cookieOf>) =>
  setCookies([cookieOf(...cookie)]);
