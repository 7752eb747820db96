import { headers } from "next/headers";
import { cache } from "react";
import { getWorld } from "@/lib/runtime/world";
import { isInApp } from "./in-app-browser";
import { readIncomingRequest } from "./incoming-request";

/** Next's current request. Within one render it is read once. */
export const readRequest = cache(async () => readIncomingRequest(getWorld(), await headers()));

/** Whether the current request has any cookie of ours. */
export const acceptsCookies = async () => (await readRequest()).requestContext.acceptsCookies;

/** Whether the current request has a session cookie, also one of a session that has ended. */
export const hasSessionCookie = async () =>
  (await readRequest()).requestContext.sessionDigest !== null;

/** Whether the current request is from a browser inside another app. */
export const isInAppBrowser = async () => isInApp((await headers()).get("user-agent") ?? "");
