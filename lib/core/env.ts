import path from "node:path";
import { z } from "zod";
import { type Duration, days, hours, minutes, seconds } from "./duration";
import { parseIdentifier } from "./identifier";
import type { MethodId } from "./method-id";
import { parsePostgresUrl } from "./postgres-url";
import { bounds, intervals, type LimitName, lifetimes, limits } from "./policy";
import { isSignedOutPath } from "./own-paths";
import { safePath } from "./safe-path";
import type { Key } from "./crypto";

/** The environment variables. Problems are reported all at once, without the values of secrets. */

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

/** A sign-in method that an operator may enable, as far as it is configured by the environment. */
export interface ConfigurableMethod {
  readonly id: MethodId;
  readonly verifiesEmail: boolean;
  /** Its variables are `AUTH_<ID>_ID`, `AUTH_<ID>_SECRET` and `AUTH_<ID>_ISSUER`. */
  readonly oauth: { readonly issuer: string } | null;
}

/** English, and pseudo-languages made from it, which show what is not ready for another language. */
const locales = ["en", "en-XA", "ar-XB"] as const;
export type Locale = (typeof locales)[number];

const key = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/, "must be 32 random bytes in base64url (43 characters)");

const oneLine = z
  .string()
  .max(60, "must be at most 60 characters")
  .regex(/^[^\p{Cc}<>"]+$/u, "must be one line without quotes or angle brackets");

/** Node's fetch refuses a URL with a user name. */
const fetchedUrl = z
  .url({ protocol: /^https?$/, error: "must be a URL", abort: true })
  .refine((url) => !new URL(url).username, "must be a URL without a user name");

const postgresUrl = z.string().superRefine((text, issues) => {
  const url = parsePostgresUrl(text);
  if ("problem" in url) issues.addIssue({ code: "custom", message: url.problem });
});

const schema = z.object({
  NODE_ENV: z.enum(["development", "production", "test"]).default("production"),
  PORT: wholeNumber(1, 65_535).default(3000),
  HOST: z.string().default("127.0.0.1"),
  AUTH_URL: z.string().optional(),
  APP_NAME: oneLine.default("Latchkey"),
  LOCALE: z.enum(locales, { error: `must be one of ${locales.join()}` }).default("en"),
  MAIL_FROM: z
    .string()
    .transform((text, issues) => {
      const from = parseMailbox(text);
      if (from) return from;
      issues.addIssue({
        code: "custom",
        message: "must be an email address, or Name <address>",
      });
      return z.NEVER;
    })
    .optional(),
  SUPPORT_EMAIL: z.email("must be an email address").optional(),
  RESEND_API_KEY: z.string().optional(),
  RESEND_BASE_URL: z.url("must be a URL").optional(),
  SMTP_URL: z
    .url({
      protocol: /^smtps?$/,
      hostname: /./,
      error: "must be a URL such as smtps://user:password@host",
    })
    .optional(),
  DATA_DIR: z.string().default(".data"),
  AUTH_SECRET: key,
  AUTH_SECRET_PREVIOUS: key.optional(),
  TOKEN_KEY: key,
  TOKEN_KEY_PREVIOUS: key.optional(),
  OUTBOX_KEY: key,
  OUTBOX_KEY_PREVIOUS: key.optional(),
  AUDIT_KEY: key,
  AUDIT_KEY_PREVIOUS: key.optional(),
  NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: z
    .base64("must be base64")
    .refine((text) => [16, 24, 32].includes(Buffer.from(text, "base64").length), {
      error: "must be 16, 24 or 32 bytes in base64",
    })
    .optional(),
  DATABASE_URL: postgresUrl.optional(),
  MIGRATE_DATABASE_URL: postgresUrl.optional(),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, hostname: /./, error: "must be a redis:// or rediss:// URL" })
    .optional(),
  UPSTASH_REDIS_REST_URL: z.url({ protocol: /^https?$/, error: "must be a URL" }).optional(),
  UPSTASH_REDIS_REST_TOKEN: z.string().optional(),
  SIGN_UP: z.enum(["open", "closed"], { error: "must be open or closed" }).default("open"),
  // Its names, and the variables of providers, are read by `readMethods`.
  SIGN_IN_METHODS: z.string().optional(),
  // Their values depend on AUTH_URL: `readAppOrigins` and `readAfterSignIn` check them.
  APP_ORIGINS: z.string().optional(),
  AFTER_SIGN_IN: z.string().default("/account"),
  TRUSTED_PROXY_HOPS: wholeNumber(0, 10).optional(),
  COUNTRY_HEADER: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/, "must be the name of a header, such as cf-ipcountry")
    .transform((name) => name.toLowerCase())
    .optional(),
  KEEP_ALIVE_SECONDS: wholeNumber(5, 3600).default(intervals.keepAlive),
  METRICS_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{32,200}$/, "must be 32 to 200 characters without spaces")
    .optional(),
  LOG_LEVEL: z
    .enum(["debug", "info", "warn", "error"], { error: "must be debug, info, warn or error" })
    .default("info"),
  BREACH_LOOKUP_URL: fetchedUrl.optional(),
  PASSWORD_MIN_LENGTH: wholeNumber(8, 64).default(bounds.passwordMinLength),
  LINK_LIFETIME_MINUTES: wholeNumber(5, 24 * 60).default(lifetimes.magicLink / minutes(1)),
  SESSION_IDLE_HOURS: wholeNumber(1, 24 * 30).default(lifetimes.sessionIdle / hours(1)),
  SESSION_LIFETIME_DAYS: wholeNumber(1, 365).default(lifetimes.session / days(1)),
  AUDIT_RETENTION_DAYS: wholeNumber(30, 3_650).default(lifetimes.auditLog / days(1)),
  EMAILS_PER_ADDRESS: wholeNumber(1, 1_000).default(limits.emailsPerAddress.max),
  EMAIL_REQUESTS_PER_IP: wholeNumber(1, 100_000).default(limits.emailRequestsPerIp.max),
  EMAILS_PER_HOUR: wholeNumber(1, 1_000_000).default(bounds.emailsPerHour),
});

/** The methods that `SIGN_IN_METHODS` names; without it, all. */
const enabledMethods = (known: readonly ConfigurableMethod[]) =>
  z
    .string()
    .default(known.map(({ id }) => id).join())
    .transform((text, issues) => {
      const names = [...new Set(text.split(",").map((name) => name.trim()))];
      const found = names.map((name) => known.find(({ id }) => id === name));
      if (found.every((method) => method !== undefined)) return found;
      const all = known.map(({ id }) => id).join();
      issues.addIssue({ code: "custom", message: `must be some of ${all}` });
      return z.NEVER;
    });

const providerFields = {
  ID: oneLine.optional(),
  SECRET: z.string().optional(),
  ISSUER: fetchedUrl.optional(),
};
type ProviderField = keyof typeof providerFields;

const variableOf = ({ id }: ConfigurableMethod, field: ProviderField) =>
  `AUTH_${id.toUpperCase()}_${field}`;

const isOAuth = (method: ConfigurableMethod) => method.oauth !== null;

type Vars = Record<string, string | undefined>;

export interface Env {
  readonly production: boolean;
  readonly origin: URL;
  /** The origin is on this machine: plain http is allowed, and a mailbox page can replace sending email. */
  readonly loopback: boolean;
  /** Other origins of the same host, whose apps ask `/check` and to which people return. */
  readonly appOrigins: readonly string[];
  /** Where sign-in leads without a return path: a path of ours, or a URL of one of `appOrigins`. */
  readonly afterSignIn: string;
  readonly appName: string;
  readonly locale: Locale;
  readonly supportEmail: string | undefined;
  readonly mail: MailTransport;
  readonly mailFrom: { readonly name: string; readonly address: string };
  /** The directory of the embedded database, the generated keys and the local mailbox. */
  readonly dataDir: string;
  /** Encrypts the cookies of Auth.js during an OAuth attempt. */
  readonly authSecret: Key;
  readonly tokenKey: Key;
  readonly outboxKey: Key;
  /** Seals the audit log. */
  readonly auditKey: Key;
  readonly databaseUrl: string | undefined;
  readonly migrateDatabaseUrl: string | undefined;
  /** The Redis that counts limits; null for Postgres. */
  readonly redis: RedisAddress | null;
  readonly signUp: "open" | "closed";
  /** The enabled sign-in methods. A provider needs a client id and secret. */
  readonly methods: readonly MethodId[];
  readonly providers: Readonly<Partial<Record<MethodId, ProviderKeys>>>;
  /** A breach lookup with the range API of Pwned Passwords (k-anonymity); none when undefined. */
  readonly breachLookupUrl: string | undefined;
  readonly passwordMinLength: number;
  readonly trustedProxyHops: number;
  /** The header in which the trusted proxy sends the country of a request; none when undefined. */
  readonly countryHeader: string | undefined;
  /** How long an idle connection stays open. */
  readonly keepAlive: Duration;
  /** The bearer token of `/metrics`; without one there are no metrics. */
  readonly metricsToken: string | undefined;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  readonly lifetimes: { readonly [K in keyof typeof lifetimes]: Duration };
  readonly limitMax: { readonly [K in LimitName]?: number };
  /** The budget of emails within `intervals.mailBudget`, of all servers together (R5). */
  readonly emailsPerHour: number;
}

/** Our registration at a provider. */
export interface ProviderKeys {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly issuer: string;
}

/** How emails are sent. `local` stores them for the mailbox page. */
export type MailTransport =
  | { readonly by: "resend"; readonly key: string; readonly baseUrl: string | undefined }
  | { readonly by: "smtp"; readonly url: string }
  | { readonly by: "local" };

export type RedisAddress =
  | { readonly by: "tcp"; readonly url: string }
  | { readonly by: "upstash"; readonly url: string; readonly token: string };

/** The environment is invalid; the message has one line per problem. */
export class EnvError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(
      `The environment variables have problems:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
    );
  }
}

/** Whether a host name always refers to this machine (RFC 6761, RFC 1122). */
export const isLoopback = (hostname: string) =>
  /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/.test(hostname);

/** Reads environment variables; empty ones count as not set. Throws `EnvError` with all problems. */
export function parseEnv(vars: Vars, known: readonly ConfigurableMethod[]): Env {
  const set = Object.fromEntries(Object.entries(vars).filter(([, value]) => value?.trim()));
  const problems: string[] = [];
  const env = readEach(schema.shape, set, problems);
  const enabled = readMethods(set, known, problems);
  const origin = parseOrigin(env.AUTH_URL ?? `http://localhost:${env.PORT ?? 3000}`, problems);
  const loopback = isLoopback(origin.hostname);
  const appOrigins = readAppOrigins(env.APP_ORIGINS, origin, problems);
  const afterSignIn = readAfterSignIn(env.AFTER_SIGN_IN, [origin.origin, ...appOrigins], problems);
  problems.push(
    ...renamedProblems(set),
    ...conflicts(set, env),
    ...methodProblems(set, known, enabled),
    ...(loopback ? networkProblems(set, known) : publicProblems(set, origin, known)),
  );
  if (problems.length > 0) throw new EnvError(problems);

  const providers = providerKeys(set, enabled);
  return {
    production: env.NODE_ENV === "production",
    origin,
    loopback,
    appOrigins,
    afterSignIn,
    appName: env.APP_NAME,
    locale: env.LOCALE,
    supportEmail: env.SUPPORT_EMAIL,
    mail: mailTransport(env),
    mailFrom: env.MAIL_FROM ?? { name: env.APP_NAME, address: "latchkey@localhost" },
    dataDir: path.resolve(/* turbopackIgnore: true */ env.DATA_DIR),
    authSecret: keyPair(env.AUTH_SECRET, env.AUTH_SECRET_PREVIOUS),
    tokenKey: keyPair(env.TOKEN_KEY, env.TOKEN_KEY_PREVIOUS),
    outboxKey: keyPair(env.OUTBOX_KEY, env.OUTBOX_KEY_PREVIOUS),
    auditKey: keyPair(env.AUDIT_KEY, env.AUDIT_KEY_PREVIOUS),
    databaseUrl: env.DATABASE_URL,
    migrateDatabaseUrl: env.MIGRATE_DATABASE_URL ?? env.DATABASE_URL,
    redis: redisAddress(env),
    signUp: env.SIGN_UP,
    methods: enabled.filter((one) => !isOAuth(one) || providers[one.id]).map(({ id }) => id),
    providers,
    breachLookupUrl: env.BREACH_LOOKUP_URL,
    passwordMinLength: env.PASSWORD_MIN_LENGTH,
    trustedProxyHops: env.TRUSTED_PROXY_HOPS ?? 0,
    countryHeader: env.COUNTRY_HEADER,
    keepAlive: seconds(env.KEEP_ALIVE_SECONDS),
    metricsToken: env.METRICS_TOKEN,
    logLevel: env.LOG_LEVEL,
    lifetimes: {
      ...lifetimes,
      magicLink: minutes(env.LINK_LIFETIME_MINUTES),
      sessionIdle: hours(env.SESSION_IDLE_HOURS),
      session: days(env.SESSION_LIFETIME_DAYS),
      auditLog: days(env.AUDIT_RETENTION_DAYS),
    },
    limitMax: {
      emailsPerAddress: env.EMAILS_PER_ADDRESS,
      emailRequestsPerIp: env.EMAIL_REQUESTS_PER_IP,
    },
    emailsPerHour: env.EMAILS_PER_HOUR,
  };
}

/**
 * Settings that have no effect together with the others, each in a sentence. For an environment that
 * `parseEnv` accepts.
 */
export function* settingsWithoutEffect(
  env: Env,
  known: readonly ConfigurableMethod[],
  vars: Vars = process.env,
): Generator<string> {
  const isSet = (name: string) => Boolean(vars[name]?.trim());
  if (isSet("MAIL_FROM") && env.mail.by === "local")
    yield "MAIL_FROM has no effect, because neither RESEND_API_KEY nor SMTP_URL is set.";
  for (const method of known.filter(isOAuth))
    if (!env.methods.includes(method.id))
      for (const name of Object.keys(providerShape(method)).filter(isSet))
        yield `${name} has no effect, because SIGN_IN_METHODS does not include ${method.id}.`;
  if (isSet("APP_ORIGINS") && env.trustedProxyHops === 0 && env.afterSignIn.startsWith("/"))
    yield "APP_ORIGINS has no effect, because TRUSTED_PROXY_HOPS is 0: only a trusted proxy says which URL somebody visits.";
  if (isSet("COUNTRY_HEADER") && env.trustedProxyHops === 0)
    yield "COUNTRY_HEADER has no effect, because TRUSTED_PROXY_HOPS is 0: anybody could send it.";
  for (const name of ["DATABASE_URL", "MIGRATE_DATABASE_URL"]) {
    const url = parsePostgresUrl(vars[name] ?? "");
    if (!("problem" in url) && url.ignored.length > 0)
      yield `${name} has parameters without effect: ${url.ignored.join(", ")}.`;
  }
}

/** Variables by their names before 0.2.0: ignoring one would silently restore a default. */
const renamed = {
  LETTERS_PER_ADDRESS: "EMAILS_PER_ADDRESS",
  MAIL_REQUESTS_PER_IP: "EMAIL_REQUESTS_PER_IP",
};

const renamedProblems = (set: Vars) =>
  Object.entries(renamed)
    .filter(([old]) => set[old] !== undefined)
    .map(([old, name]) => `${old} is called ${name} since 0.2.0. Rename the variable.`);

const keyPair = (current: string, previous: string | undefined): Key =>
  previous ? [current, previous] : [current];

/**
 * Reads each variable on its own, so that one invalid value hides no other problem. Values of invalid
 * variables are missing despite the type; `parseEnv` then only collects further problems and throws.
 */
function readEach<Shape extends z.ZodRawShape>(shape: Shape, set: Vars, problems: string[]) {
  const read = Object.entries(shape as unknown as Record<string, z.ZodType>).map(
    ([name, field]) => {
      const { success, data, error } = field.safeParse(set[name]);
      if (success) return [name, data];
      const unset = `is not set. \`npm start\` generates it on localhost; a public server must set it`;
      const messages = error.issues.map(({ message }) =>
        set[name] === undefined ? unset : message,
      );
      problems.push(...new Set(messages.map((message) => `${name} ${message}.`)));
      return [name, undefined];
    },
  );
  return Object.fromEntries(read) as z.output<z.ZodObject<Shape>>;
}

/** The enabled methods; none where the list cannot be read. */
function readMethods(set: Vars, known: readonly ConfigurableMethod[], problems: string[]) {
  for (const method of known.filter(isOAuth)) readEach(providerShape(method), set, problems);
  const shape = { SIGN_IN_METHODS: enabledMethods(known) };
  const { SIGN_IN_METHODS: enabled } = readEach(shape, set, problems);
  return (enabled as ConfigurableMethod[] | undefined) ?? [];
}

const providerShape = (method: ConfigurableMethod) =>
  Object.fromEntries(
    Object.entries(providerFields).map(([field, schema]) => [
      variableOf(method, field as ProviderField),
      schema,
    ]),
  );

/** The process's own environment. */
export const readEnv = (known: readonly ConfigurableMethod[]) => parseEnv(process.env, known);

/** Of each enabled provider with keys. */
function providerKeys(set: Vars, enabled: readonly ConfigurableMethod[]): Env["providers"] {
  return Object.fromEntries(
    enabled.flatMap((method) => {
      const [clientId, clientSecret] = [
        set[variableOf(method, "ID")],
        set[variableOf(method, "SECRET")],
      ];
      if (!method.oauth || !clientId || !clientSecret) return [];
      const { issuer } = method.oauth;
      return [
        [
          method.id,
          { clientId, clientSecret, issuer: set[variableOf(method, "ISSUER")] ?? issuer },
        ],
      ];
    }),
  );
}

function mailTransport({
  RESEND_API_KEY,
  RESEND_BASE_URL,
  SMTP_URL,
}: z.output<typeof schema>): MailTransport {
  if (RESEND_API_KEY) return { by: "resend", key: RESEND_API_KEY, baseUrl: RESEND_BASE_URL };
  return SMTP_URL ? { by: "smtp", url: SMTP_URL } : { by: "local" };
}

function redisAddress({
  REDIS_URL: url,
  UPSTASH_REDIS_REST_URL: restUrl,
  UPSTASH_REDIS_REST_TOKEN: token,
}: z.output<typeof schema>): RedisAddress | null {
  if (restUrl && token) return { by: "upstash", url: restUrl, token };
  return url ? { by: "tcp", url } : null;
}

function parseMailbox(text: string): { name: string; address: string } | null {
  const [, name = "", bracketed] = /^([^<>"\p{Cc}]*)<([^<>]+)>$/u.exec(text.trim()) ?? [];
  const address = parseIdentifier(bracketed ?? text);
  return address && { name: name.trim(), address };
}

function parseOrigin(text: string, problems: string[]): URL {
  const origin = URL.canParse(text) ? new URL(text) : null;
  if (origin && /^https?:$/.test(origin.protocol) && text.replace(/\/$/, "") === origin.origin)
    return origin;
  problems.push("AUTH_URL must be an origin such as https://account.example.com, without a path.");
  return new URL("http://localhost");
}

/**
 * The origins beside ours. Cookies do not differ by port, so apps on other ports of our host get the
 * session's cookie; a browser would never send it to another host, nor a Secure one over plain http.
 */
function readAppOrigins(text = "", own: URL, problems: string[]): readonly string[] {
  const problemOf = (one: string) => {
    const url = URL.canParse(one) ? new URL(one) : null;
    if (!url || !/^https?:$/.test(url.protocol) || url.origin !== one)
      return `APP_ORIGINS must list origins such as ${own.protocol}//${own.hostname}:8443, without a path.`;
    if (url.hostname !== own.hostname)
      return `APP_ORIGINS includes ${one}, but its host must be the one of AUTH_URL, ${own.hostname}: browsers send the cookie of the session to no other host.`;
    if (url.protocol === "http:" && own.protocol === "https:")
      return `APP_ORIGINS includes ${one}, but it must be https, as AUTH_URL is: browsers send the cookie of the session over https only.`;
    return null;
  };
  const origins = text.split(",").flatMap((one) => one.trim() || []);
  problems.push(...new Set(origins.map(problemOf).filter((problem) => problem !== null)));
  return origins.filter((one) => one !== own.origin);
}

function readAfterSignIn(text: string, origins: readonly string[], problems: string[]): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isListed = url !== null && origins.includes(url.origin) && !url.username && !url.password;
  if (isListed && url.origin !== origins[0]) return url.href;
  const path = safePath(isListed ? url.pathname + url.search + url.hash : text);
  if (path !== null && !isSignedOutPath(path.split(/[?#]/, 1)[0]!)) return path;
  problems.push(
    "AFTER_SIGN_IN must be a path such as /account of a page for people who are signed in, or a URL of AUTH_URL or APP_ORIGINS.",
  );
  return "/account";
}

/** Variables that contradict each other. Reads `set` where an invalid value counts as set. */
function* conflicts(set: Vars, env: z.output<typeof schema>) {
  if (set.RESEND_API_KEY && set.SMTP_URL)
    yield "RESEND_API_KEY and SMTP_URL are both set. Set only one of them.";
  if (set.RESEND_BASE_URL && !set.RESEND_API_KEY)
    yield "RESEND_BASE_URL is set, but RESEND_API_KEY is not.";
  if ((set.RESEND_API_KEY || set.SMTP_URL) && !set.MAIL_FROM)
    yield "MAIL_FROM must be set to send email: an address that your mail server may send from.";
  if (Boolean(set.UPSTASH_REDIS_REST_URL) !== Boolean(set.UPSTASH_REDIS_REST_TOKEN))
    yield "UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN must both be set.";
  if (set.REDIS_URL && set.UPSTASH_REDIS_REST_URL)
    yield "REDIS_URL and UPSTASH_REDIS_REST_URL are both set. Set only one of them.";
  if (set.MIGRATE_DATABASE_URL && !set.DATABASE_URL)
    yield "MIGRATE_DATABASE_URL is set, but DATABASE_URL is not.";
  const names = ["AUTH_SECRET", "TOKEN_KEY", "OUTBOX_KEY", "AUDIT_KEY"];
  for (const name of names)
    if (set[name] && set[name] === set[`${name}_PREVIOUS`])
      yield `${name}_PREVIOUS is the same as ${name}. Set it to the key before the rotation, or unset it.`;
  const keys = names.map((name) => set[name]).filter(Boolean);
  if (new Set(keys).size < keys.length)
    yield "AUTH_SECRET, TOKEN_KEY, OUTBOX_KEY and AUDIT_KEY must be four different keys.";
  if (env.SESSION_IDLE_HOURS > env.SESSION_LIFETIME_DAYS * 24)
    yield "SESSION_IDLE_HOURS is longer than SESSION_LIFETIME_DAYS.";
}

/**
 * On a loopback origin, the mailbox and the fake providers let every visitor sign in as anybody. So the
 * server accepts connections from other machines, as it must in a container, only without both (X1).
 */
function* networkProblems(set: Vars, known: readonly ConfigurableMethod[]) {
  if (!set.HOST || isLoopback(set.HOST)) return;
  if (!set.RESEND_API_KEY && !set.SMTP_URL)
    yield "HOST accepts connections from other machines, but AUTH_URL is on localhost. Set AUTH_URL to the public origin; or, in a container for this machine alone, SMTP_URL or RESEND_API_KEY, so that no mailbox page shows the emails.";
  const issuers = known.filter(isOAuth).map((method) => variableOf(method, "ISSUER"));
  for (const name of issuers.filter((one) => set[one]))
    yield `${name} must not be set while HOST accepts connections from other machines: at a fake provider everybody can sign in as anybody.`;
}

function* methodProblems(
  set: Vars,
  known: readonly ConfigurableMethod[],
  enabled: readonly ConfigurableMethod[],
) {
  // Otherwise an owner could never verify the address of an account that an attacker created (O3, A5).
  if (enabled.length > 0 && !enabled.some(({ verifiesEmail }) => verifiesEmail)) {
    const verifying = known.filter(({ verifiesEmail }) => verifiesEmail).map(({ id }) => id);
    yield `SIGN_IN_METHODS must include ${verifying.join(" or ")}, so that users can verify their email address.`;
  }
  for (const method of known.filter(isOAuth)) {
    const [id, secret, issuer] = [
      variableOf(method, "ID"),
      variableOf(method, "SECRET"),
      variableOf(method, "ISSUER"),
    ];
    if (Boolean(set[id]) !== Boolean(set[secret])) yield `${id} and ${secret} must both be set.`;
    if (set[issuer] && !set[id]) yield `${issuer} is set, but ${id} is not.`;
    if (set.SIGN_IN_METHODS && enabled.includes(method) && !set[id])
      yield `SIGN_IN_METHODS includes ${method.id}, but ${id} is not set.`;
  }
}

function* publicProblems(set: Vars, origin: URL, known: readonly ConfigurableMethod[]) {
  if (origin.protocol !== "https:")
    yield "AUTH_URL must start with https://. Plain http is allowed on localhost only (L7).";
  if (!set.TRUSTED_PROXY_HOPS)
    yield "TRUSTED_PROXY_HOPS must be set on a public server: the number of reverse proxies in front of it, or 0.";
  if (!set.NEXT_SERVER_ACTIONS_ENCRYPTION_KEY)
    yield "NEXT_SERVER_ACTIONS_ENCRYPTION_KEY must be set on a public server, to the same value on every server. Otherwise forms of your own pages fail after a restart.";
  if (set.LOCALE === "en-XA" || set.LOCALE === "ar-XB")
    yield "LOCALE must be en on a public origin: the other languages are for testing on this machine.";
  for (const name of known.filter(isOAuth).map((method) => variableOf(method, "ISSUER")))
    if (set[name])
      yield `${name} must not be set on a public server. It is for fake providers in development.`;
  if (!set.RESEND_API_KEY && !set.SMTP_URL)
    yield "RESEND_API_KEY or SMTP_URL must be set on a public server. The local mailbox works on localhost only.";
}
