import { NextResponse } from "next/server";
import { passwordMethod } from "@/lib/methods/password";
import { siteConfig } from "@/lib/web/site";

/**
 * Where password managers look for the page that changes a password (W3C Well-Known URL for Changing
 * Passwords). Where passwords are disabled, a user looks through the methods that there are.
 */
export function GET() {
  const hasPasswords = siteConfig().methods.includes(passwordMethod.id);
  const Location = hasPasswords ? "/account/password" : "/account/methods";
  return new NextResponse(null, { status: 302, headers: { Location } });
}
