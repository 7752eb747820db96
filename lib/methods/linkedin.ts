import { defineOAuthMethod } from "./method";

export const linkedinMethod = defineOAuthMethod({
  id: "linkedin",
  rank: 4,
  name: "LinkedIn",
  // With a path: it is the issuer of discovery and ID tokens alike.
  issuer: "https://www.linkedin.com/oauth",
  isAuthoritativeFor: () => false,
  refusesInAppBrowsers: false,
});
