/** OAuth providers: the name on pages, and the issuer of discovery and ID tokens (O1). */
export const oauthProviders = {
  google: { name: "Google", issuer: "https://accounts.google.com" },
  linkedin: { name: "LinkedIn", issuer: "https://www.linkedin.com/oauth" },
} as const;

export type OAuthProvider = keyof typeof oauthProviders;

export const oauthProviderIds = ["google", "linkedin"] as const satisfies OAuthProvider[];

export const isOAuthProvider = (text: unknown): text is OAuthProvider =>
  oauthProviderIds.some((id) => id === text);
