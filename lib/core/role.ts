/** What a user may do beyond their own account (T1). Support helps people; an admin also changes roles. */
export const roles = ["member", "support", "admin"] as const;
export type Role = (typeof roles)[number];
