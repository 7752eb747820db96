import { defineOAuthMethod } from "./method";

export const googleMethod = defineOAuthMethod({
  id: "google",
  rank: 3,
  name: "Google",
  issuer: "https://accounts.google.com",
  // Google runs gmail.com and the domains of its Workspace customers, which it names in `hd`.
  isAuthoritativeFor: (domain, { hd }) => domain === "gmail.com" || domain === hd,
  refusesInAppBrowsers: true,
});
