import { DrizzleAdapter } from "@auth/drizzle-adapter";
import NextAuth, { type NextAuthConfig, type Session } from "next-auth";
import type { Adapter, AdapterUser } from "next-auth/adapters";
import type { NextRequest } from "next/server";
import { signOut as signOutFlow } from "./flows/sessions/sign-out";
import { readSession } from "./flows/sessions/read-session";
import type { Session as OurSession } from "./flow";
import { theWorld } from "./outside/world";
import { sessionReader } from "./run-flow";
import { digest } from "./secret";
import { sessionCookie } from "./web/cookies";
import { perform, read } from "./web/perform";
import { goOn } from "./web/redirects";

/** Our session in Auth.js's shape, as adopters of it expect. */
export const asAuthSession = ({ userId, email, endsAt }: OurSession): Session => ({
  user: { id: userId, email },
  expires: endsAt.toISOString(),
});

/**
 * Who is signed in, for pages and actions: null for nobody. One prepared statement, read once per
 * request. While the database is away the request goes on to `/unavailable`: nobody is taken for
 * signed out (S4).
 * @public
 */
export async function auth(): Promise<Session | null> {
  const session = await read(readSession, "/");
  return session && asAuthSession(session);
}

/**
 * Ends this browser's session and goes to `redirectTo`, a path of ours. Never returns.
 * @public
 */
export async function signOut({ redirectTo = "/sign-in" } = {}): Promise<never> {
  await perform(signOutFlow, {});
  goOn(redirectTo);
}

const never = (what: string) => () => {
  throw new Error(`Auth.js may not ${what}: that is a flow's to do.`);
};

/**
 * Auth.js's view of our tables. It may look sessions up by their token, and nothing may come into
 * being through it. `getUserByAccount` comes before its `signIn` callback, which is where we decide
 * who somebody is; so it knows nobody.
 */
function guardedAdapter(): Adapter {
  const world = theWorld();
  return {
    ...DrizzleAdapter(world.db),
    async getSessionAndUser(sessionToken) {
      const found = await sessionReader(world, digest("session", sessionToken))();
      if (!found) return null;
      const { userId, email, endsAt } = found;
      const user: AdapterUser = { id: userId, email, emailVerified: null };
      // The raw token goes back: Auth.js would write what it is given into the cookie.
      return { session: { sessionToken, userId, expires: endsAt }, user };
    },
    // Sliding is `touchSession`'s; Auth.js asks for it with each read.
    updateSession: () => null,
    getUserByAccount: () => null,
    getUser: never("look users up"),
    getUserByEmail: never("look users up by their address"),
    createUser: never("make users"),
    updateUser: never("change users"),
    deleteUser: never("delete users"),
    linkAccount: never("link accounts"),
    unlinkAccount: never("unlink accounts"),
    createSession: never("start sessions"),
    deleteSession: never("end sessions"),
    createVerificationToken: never("issue verifications"),
    useVerificationToken: never("consume verifications"),
  };
}

/** Providers come with their flows; without one there is no handshake to make. */
const providers: NextAuthConfig["providers"] = [];

/** Auth.js, configured for the OAuth handshake alone. Read per request, when the world is open. */
function authConfig(): NextAuthConfig {
  const { env } = theWorld();
  return {
    providers,
    adapter: guardedAdapter(),
    session: { strategy: "database" },
    secret: [...env.authSecret],
    trustHost: true,
    cookies: { sessionToken: sessionCookie(env) },
    callbacks: {
      session: ({ session, user }) => ({ ...session, user: { id: user.id, email: user.email } }),
    },
  };
}

const { handlers } = NextAuth(authConfig);

/**
 * Auth.js's door. Only the way back from a provider is open; its sign-in, sign-out, CSRF, provider
 * list and built-in pages are answered as if they were not there (null).
 */
export async function openDoor(request: NextRequest): Promise<Response | null> {
  const asked = new URL(request.url).pathname.replace("/api/auth/", "");
  const open = providers.some(
    (provider) => "id" in provider && asked === `callback/${provider.id}`,
  );
  if (!open) return null;
  return request.method === "POST" ? handlers.POST(request) : handlers.GET(request);
}
