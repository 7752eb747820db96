import type { Session } from "@/lib/store/sessions";

/** A session in Auth.js's format, for applications that use its API. */
export const asAuthSession = ({ userId, email, endsAt }: Session) => ({
  user: { id: userId, email },
  expires: endsAt.toISOString(),
});

/** A session, unless its account will be erased: to other applications its user is signed out. */
export const activeSession = (session: Session | null): Session | null =>
  session?.deletesAt ? null : session;
