import type { RequestContext } from "./request-context";

/** The context of an operator's command, which runs where the database's password is (decision 49). */
export const commandLineContext = (requestId: string): RequestContext => ({
  requestId,
  isCommandLine: true,
  sameOrigin: true,
  shownTo: null,
  acceptsCookies: true,
  ip: null,
  country: null,
  network: "command line",
  browser: "command line",
  sessionDigest: null,
  sessionRenewed: false,
  cookieHeader: null,
  requestingBrowserDigest: "",
  deviceDigest: "",
  hasDeviceCookie: false,
  readSession: () => Promise.resolve(null),
});
