/** The providers people can sign in with: the name we show, and their issuer (O1). */
export const oauthProviders = {
  google: { name: "Google", issuer: "https://accounts.google.com" },
  // With a path: it is the issuer of discovery and ID tokens alike.
  linkedin: { name: "LinkedIn", issuer: "https://www.linkedin.com/oauth" },
} as const;

export type OAuthProvider = keyof typeof oauthProviders;

export const oauthProviderIds = ["google", "linkedin"] as const satisfies OAuthProvider[];

/** Whether a text, from an address or a form, names one of them. */
export const isOAuthProvider = (text: unknown): text is OAuthProvider =>
  oauthProviderIds.some((id) => id === text);
