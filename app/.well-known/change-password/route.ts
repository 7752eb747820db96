import { NextResponse } from "next/server";

/** Where password managers look for the page that changes a password (W3C Well-Known URL for Changing Passwords). */
export function GET() {
  return new NextResponse(null, { status: 302, headers: { Location: "/account/password" } });
}
