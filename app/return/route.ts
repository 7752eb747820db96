import { notFound, redirect } from "next/navigation";
import type { NextRequest } from "next/server";
import { message } from "@/lib/web/messages";
import { followReturnOf } from "@/lib/web/mount-check";
import { setCookies } from "@/lib/web/next-cookies";
import { siteConfig } from "@/lib/web/site";
import { staticPage } from "../static-page";

/** Where sign-in leads back to what `/check` was asked about (W4, W5). */
export async function GET(request: NextRequest) {
  const { response, cookie } = followReturnOf(request);
  if (cookie) await setCookies([cookie]);
  if (response.by === "nothing") notFound();
  const { by, url } = response;
  if (by === "redirect") redirect(url);
  const { host } = new URL(url, siteConfig().origin);
  if (by === "loop")
    return staticPage({
      status: 409,
      title: message("return.loopTitle", { host }),
      lead: message("return.loopLead", { host }),
      link: message("return.retry"),
      href: url,
    });
  return staticPage({
    status: 200,
    title: message("return.title", { host }),
    lead: message("return.lead"),
    link: message("return.link", { host }),
    href: url,
    isOnTheWay: true,
  });
}
