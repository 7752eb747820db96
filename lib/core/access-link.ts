/**
 * The stored method of a session that an access link started (T2). It is no sign-in method: nobody can choose
 * it, and the browser does not remember it.
 */
export const accessLinkMethod = "access_link";
