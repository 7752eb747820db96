import type { Metadata } from "next";
import { link } from "@/app/markup";
import { readPendingRequest } from "@/lib/flows/sign-in/read-pending-request";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { message, rich } from "@/lib/web/messages";
import { runForRequest } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { InvalidLink } from "./invalid-link";

export const generateMetadata = (): Metadata => ({ title: message("link.reopenTitle") });

/** This browser's request for an email of this purpose, while the email can be used. */
async function waitingFor(purpose: "magic_link" | "password_reset") {
  const pending = await runForRequest(readPendingRequest, { purpose });
  return pending.ok && pending.value.state === "waiting" ? pending.value : null;
}

/**
 * What a reloaded token page shows, as its token has left the address bar (L6), and what a browser shows
 * that took it over from an app. The browser that requested the email may enter its code instead.
 */
export default async function ReopenPage() {
  const hasLinks = siteConfig().methods.includes(magicLinkMethod.id);
  const request = await waitingFor("magic_link");
  const reset = await waitingFor("password_reset");
  return (
    <InvalidLink
      title={message("link.reopenTitle")}
      lead={message(hasLinks ? "link.reopen" : "link.reopenOnly")}
      next={request?.next}
      remember={request?.remember}
      address={(request ?? reset)?.email}
    >
      {request && <p>{rich("link.enterCode", { link: link("/sign-in/check") })}</p>}
      {reset && <p>{rich("link.enterResetCode", { link: link("/password/check") })}</p>}
    </InvalidLink>
  );
}
