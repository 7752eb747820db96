import { sql } from "drizzle-orm";
import { rows } from "@/db/rows";
import type { Browser } from "./browser";
import type { TestWorld } from "./world";

/** Keys of both providers, which enable them. */
export const keys = {
  AUTH_GOOGLE_ID: "g",
  AUTH_GOOGLE_SECRET: "gs",
  AUTH_LINKEDIN_ID: "l",
  AUTH_LINKEDIN_SECRET: "ls",
};

/** The same with sign-in by provider or password only: the e-mail link is disabled. */
export const linksOff = { ...keys, SIGN_IN_METHODS: "password,google,linkedin" };

/** The claims for a person with a verified address. */
export const claims = (sub: string, email: string, more: Record<string, unknown> = {}) => ({
  sub,
  email,
  email_verified: true,
  ...more,
});

/** Google's claims for a person whose mailbox Google hosts. */
export const hosted = (sub: string, email: string) =>
  claims(sub, email, { hd: email.slice(email.indexOf("@") + 1) });

/** The outcome that a person sees, or the refusal's code. */
export const outcomeOf = (result: Awaited<ReturnType<Browser["signInWithProvider"]>>) =>
  result.ok ? result.value.outcome : result.refusal.code;

/** Sign-in methods with their subjects: "google g-1", with "?" where it needs confirmation. */
export const identitiesOf = async ({ db }: TestWorld, address: string) =>
  (
    await rows<{ method: string }>(
      db,
      sql`select concat_ws(' ', provider, subject, case when confirmation_required_at is not null then '?' end) as method
          from auth_providers join users on id = user_id where email = ${address} order by 1`,
    )
  ).map(({ method }) => method);

/** Pending identities, as "google g-1". */
export const pendingIdentity = async ({ db }: TestWorld) =>
  (
    await rows<{ who: string }>(
      db,
      sql`select provider || ' ' || subject as who from oauth_attempts
          where subject is not null and consumed_at is null and expires_at > now() order by 1`,
    )
  ).map(({ who }) => who);

/** Adds an identity to the account with the address, without the product's code. */
export const writeIdentityDirectly = (
  world: TestWorld,
  address: string,
  provider: string,
  subject: string,
  { needsConfirmation = false } = {},
) =>
  world.writeDirectly((tx) =>
    tx.execute(sql`insert into auth_providers (user_id, provider, subject, address, confirmation_required_at)
      select id, ${provider}, ${subject}, email, case when ${needsConfirmation} then now() end
      from users where email = ${address}`),
  );
