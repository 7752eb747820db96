import type { Metadata } from "next";
import { link } from "@/app/markup";
import { readPendingRequest } from "@/lib/flows/sign-in/read-pending-request";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { message, rich } from "@/lib/web/messages";
import { runForRequest } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { InvalidLink } from "./invalid-link";

export const generateMetadata = (): Metadata => ({ title: message("link.reopenTitle") });

/**
 * What a reloaded token page shows, as its token has left the address bar (L6), and what a browser shows
 * that took it over from an app. The browser that requested the email may enter its code instead.
 */
export default async function ReopenPage() {
  const hasLinks = siteConfig().methods.includes(magicLinkMethod.id);
  const pending = await runForRequest(readPendingRequest, {});
  const request = pending.ok && pending.value.state === "waiting" ? pending.value : null;
  return (
    <InvalidLink
      title={message("link.reopenTitle")}
      lead={message(hasLinks ? "link.reopen" : "link.reopenOnly")}
      next={request?.next}
      remember={request?.remember}
      address={request?.email}
    >
      {request && <p>{rich("link.enterCode", { link: link("/sign-in/check") })}</p>}
    </InvalidLink>
  );
}
