import type { Session } from "@/lib/store/sessions";

/** Our session in Auth.js's shape, as adopters of it expect. */
export const asAuthSession = ({ userId, email, endsAt }: Session) => ({
  user: { id: userId, email },
  expires: endsAt.toISOString(),
});
