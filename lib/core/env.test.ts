import path from "node:path";
import { describe, expect, it } from "vitest";
import { methods as signInMethods } from "@/lib/methods";
import { googleMethod } from "@/lib/methods/google";
import { EnvError, isLoopback, parseEnv as parseWith } from "./env";
import { lifetimes, limits } from "./policy";

const key = (letter: string) => letter.repeat(43);
const keys = {
  TOKEN_KEY: key("A"),
  OUTBOX_KEY: key("B"),
  AUTH_SECRET: key("S"),
  AUDIT_KEY: key("U"),
};
const parseEnv = (vars: Record<string, string | undefined>) => parseWith(vars, signInMethods());
const parse = (vars: Record<string, string | undefined> = {}) => parseEnv({ ...keys, ...vars });

/** What an operator reads at the start; empty when the server would start. */
function problems(vars: Record<string, string | undefined>): readonly string[] {
  try {
    parseEnv(vars);
    return [];
  } catch (error) {
    if (error instanceof EnvError) return error.problems;
    throw error;
  }
}
const problemsWith = (vars: Record<string, string | undefined>) => problems({ ...keys, ...vars });

describe("an operator who sets only the keys", () => {
  it("gets a server on the local machine, open for sign-up, with the numbers of policy.ts", () => {
    expect(parse()).toMatchObject({
      production: true,
      origin: new URL("http://localhost:3000"),
      loopback: true,
      appName: "Latchkey",
      supportEmail: undefined,
      mail: { by: "local" },
      dataDir: path.resolve(".data"),
      tokenKey: [key("A")],
      outboxKey: [key("B")],
      auditKey: [key("U")],
      databaseUrl: undefined,
      migrateDatabaseUrl: undefined,
      signUp: "open",
      trustedProxyHops: 0,
      logLevel: "info",
      lifetimes,
      limitMax: {
        emailsPerAddress: limits.emailsPerAddress.max,
        emailRequestsPerIp: limits.emailRequestsPerIp.max,
      },
    });
  });

  it("gets the origin of the configured port", () => {
    expect(parse({ PORT: "4321" }).origin.origin).toBe("http://localhost:4321");
  });

  it("gets the same when every other variable is set and empty", () => {
    const empty = Object.fromEntries(
      "NODE_ENV PORT HOST AUTH_URL APP_NAME MAIL_FROM SUPPORT_EMAIL RESEND_API_KEY RESEND_BASE_URL SMTP_URL REDIS_URL UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN DATA_DIR TOKEN_KEY_PREVIOUS OUTBOX_KEY_PREVIOUS AUDIT_KEY_PREVIOUS AUDIT_RETENTION_DAYS NEXT_SERVER_ACTIONS_ENCRYPTION_KEY DATABASE_URL MIGRATE_DATABASE_URL SIGN_UP APP_ORIGINS AFTER_SIGN_IN TRUSTED_PROXY_HOPS LOG_LEVEL LINK_LIFETIME_MINUTES SESSION_IDLE_HOURS SESSION_LIFETIME_DAYS EMAILS_PER_ADDRESS EMAIL_REQUESTS_PER_IP EMAILS_PER_HOUR"
        .split(" ")
        .map((name) => [name, ""]),
    );
    expect(parse(empty)).toEqual(parse());
  });

  it("may have variables of other programs around", () => {
    expect(parse({ PATH: "/bin", HOME: "/root", FOO: "bar", __proto__: "x" })).toEqual(parse());
  });
});

describe("an operator's own numbers", () => {
  it("replace those of policy.ts", () => {
    const env = parse({
      LINK_LIFETIME_MINUTES: "15",
      SESSION_IDLE_HOURS: "2",
      SESSION_LIFETIME_DAYS: "7",
      EMAILS_PER_ADDRESS: "10",
      EMAIL_REQUESTS_PER_IP: "50",
      EMAILS_PER_HOUR: "200",
      AUDIT_RETENTION_DAYS: "90",
    });
    expect(env.lifetimes).toEqual({
      ...lifetimes,
      magicLink: 15 * 60,
      sessionIdle: 2 * 3_600,
      session: 7 * 86_400,
      auditLog: 90 * 86_400,
    });
    expect(env.limitMax).toEqual({ emailsPerAddress: 10, emailRequestsPerIp: 50 });
    expect(env.emailsPerHour).toBe(200);
  });

  it.each([
    ["PORT", "0", "65536", "1.5", "http", "-1", "3000;rm", "NaN", "Infinity"],
    ["TRUSTED_PROXY_HOPS", "-1", "11", "0.5", "all", "true"],
    ["LINK_LIFETIME_MINUTES", "4", "1441", "60.5", "1h", "-60"],
    ["SESSION_IDLE_HOURS", "0", "721", "1e9", "day"],
    ["SESSION_LIFETIME_DAYS", "0", "366", "ever"],
    ["EMAILS_PER_ADDRESS", "0", "1001", "-3", "unlimited"],
    ["EMAIL_REQUESTS_PER_IP", "0", "100001", "off"],
    ["EMAILS_PER_HOUR", "0", "1000001", "-1", "unlimited"],
    ["AUDIT_RETENTION_DAYS", "29", "3651", "0", "ever"],
  ])("are refused when they make no sense: %s", (name, ...values) => {
    for (const value of values) {
      const problemsFound = problemsWith({ [name]: value });
      expect(problemsFound.length).toBeGreaterThan(0);
      for (const entry of problemsFound)
        expect(entry).toMatch(new RegExp(`^${name} must be .+\\.$`));
    }
  });

  it.each([
    ["LETTERS_PER_ADDRESS", "EMAILS_PER_ADDRESS"],
    ["MAIL_REQUESTS_PER_IP", "EMAIL_REQUESTS_PER_IP"],
  ])("are refused under their old name, %s", (old, name) => {
    expect(problemsWith({ [old]: "7" })).toEqual([
      `${old} is called ${name} since 0.2.0. Rename the variable.`,
    ]);
    expect(problemsWith({ [old]: "7", [name]: "7" })).toHaveLength(1);
    expect(problemsWith({ [old]: "" })).toEqual([]);
  });

  it("are refused when blanks stand for a number that must be set explicitly", () => {
    const AUTH_URL = "https://account.example.com";
    expect(problemsWith({ AUTH_URL, TRUSTED_PROXY_HOPS: " " })).toContainEqual(
      expect.stringMatching(/^TRUSTED_PROXY_HOPS /),
    );
  });

  it("are refused when a session may be idle for longer than it lives", () => {
    expect(problemsWith({ SESSION_IDLE_HOURS: "25", SESSION_LIFETIME_DAYS: "1" })).toEqual([
      "SESSION_IDLE_HOURS is longer than SESSION_LIFETIME_DAYS.",
    ]);
    expect(problemsWith({ SESSION_IDLE_HOURS: "24", SESSION_LIFETIME_DAYS: "1" })).toEqual([]);
  });
});

describe("apps on other ports of our host", () => {
  const AUTH_URL = "https://example.com";
  const publicly = (vars: Record<string, string>) =>
    problemsWith({ AUTH_URL, ...vars }).filter((one) => /^(APP_ORIGINS|AFTER_SIGN_IN)/.test(one));

  it("may be returned to", () => {
    const APP_ORIGINS = " http://localhost:8080, http://localhost:3000,https://localhost ,";
    expect(parse({ APP_ORIGINS }).appOrigins).toEqual([
      "http://localhost:8080",
      "https://localhost",
    ]);
    expect(parse().appOrigins).toEqual([]);
    expect(publicly({ APP_ORIGINS: "https://example.com:8443" })).toEqual([]);
  });

  it.each([
    "example.com",
    "https://example.com:8443/",
    "https://example.com:8443/app",
    "https://EXAMPLE.com:8443",
    "https://example.com:443",
    "https://me@example.com:8443",
    "ftp://example.com",
    "null",
    "*",
  ])("are refused unless each is a bare origin: %s", (one) => {
    expect(publicly({ APP_ORIGINS: `https://example.com:8444,${one}` })).toEqual([
      "APP_ORIGINS must list origins such as https://example.com:8443, without a path.",
    ]);
  });

  it.each([
    "https://app.example.com",
    "https://*.example.com",
    "https://example.com.evil.example",
    "https://example.org",
  ])("are refused on another host, which gets no cookie: %s", (APP_ORIGINS) => {
    expect(publicly({ APP_ORIGINS })).toEqual([
      `APP_ORIGINS includes ${APP_ORIGINS}, but its host must be the one of AUTH_URL, example.com: browsers send the cookie of the session to no other host.`,
    ]);
  });

  it("are refused over plain http beside https", () => {
    expect(publicly({ APP_ORIGINS: "http://example.com:8080" })).toEqual([
      "APP_ORIGINS includes http://example.com:8080, but it must be https, as AUTH_URL is: browsers send the cookie of the session over https only.",
    ]);
  });
});

describe("where sign-in leads", () => {
  const APP_ORIGINS = "http://localhost:8080";

  it.each([
    ["/", "/"],
    ["/app?tab=1#top", "/app?tab=1#top"],
    ["/account/sessions", "/account/sessions"],
    ["http://localhost:3000/app", "/app"],
    ["http://localhost:8080", "http://localhost:8080/"],
    ["http://localhost:8080/app?x=1", "http://localhost:8080/app?x=1"],
  ])("may be a page, or one of a listed origin: %s", (AFTER_SIGN_IN, expected) => {
    expect(parse({ APP_ORIGINS, AFTER_SIGN_IN }).afterSignIn).toBe(expected);
  });

  it("is the account page by default", () => {
    expect(parse().afterSignIn).toBe("/account");
  });

  it.each([
    "app",
    "//evil.example",
    "https://evil.example/",
    "http://localhost:8081/",
    "http://me@localhost:8080/",
    "javascript:alert(1)",
    "/api/v1/session",
    "/sign-in",
    "/sign-up?x=1",
    "/return",
    "/check",
  ])("is refused when it is no such page: %s", (AFTER_SIGN_IN) => {
    expect(problemsWith({ APP_ORIGINS, AFTER_SIGN_IN })).toEqual([
      "AFTER_SIGN_IN must be a path such as /account of a page for people who are signed in, or a URL of AUTH_URL or APP_ORIGINS.",
    ]);
  });
});

describe("the origin", () => {
  it.each([
    "http://localhost:3000",
    "http://localhost:3000/",
    "http://localhost",
    "http://127.0.0.1:3000",
    "http://[::1]:3000",
    "http://app.localhost:3000",
    "https://localhost:3443",
  ])("may be local: %s", (AUTH_URL) => {
    const env = parse({ AUTH_URL });
    expect(env.loopback).toBe(true);
    expect(env.origin.origin).toBe(AUTH_URL.replace(/\/$/, ""));
  });

  it.each([
    "http://localhost:3000/app",
    "http://localhost:3000//",
    "http://localhost:3000/?",
    "http://localhost:3000?x=1",
    "http://localhost:3000/#",
    "http://localhost:3000#x",
    "http://ada@localhost:3000",
    "http://ada:pw@localhost:3000",
    "https://account.example.com/sign-in",
    "https://account.example.com:443",
    "HTTPS://account.example.com",
    "https://Account.example.com",
    "https://account.example.com\\",
    "https:account.example.com",
    "account.example.com",
    "//account.example.com",
    "ftp://account.example.com",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "https://",
    "https:// ",
    " https://account.example.com",
    "https://account.example.com ",
    "https://account.example.com\n",
    "https://acc\tount.example.com",
    "https://a,https://b",
    "*",
    "null",
  ])("must be an origin and nothing more: %j", (AUTH_URL) => {
    expect(problemsWith({ AUTH_URL })).toContainEqual(
      expect.stringMatching(/^AUTH_URL must be an origin/),
    );
  });

  it.each(["127.0.0.1", "127.0.0.2", "localhost", "::1", "[::1]", "app.localhost"])(
    "may be local while the server listens locally: %s",
    (HOST) => expect(problemsWith({ HOST })).toEqual([]),
  );

  it.each(["0.0.0.0", "::", "192.168.1.5", "account.example.com", "localhost.example.com"])(
    "may not be local while the server listens on the network, where any visitor could read the mailbox: %s",
    (HOST) => {
      for (const AUTH_URL of [undefined, "http://localhost:3000"])
        expect(problemsWith({ HOST, AUTH_URL })).toEqual([
          expect.stringMatching(/^HOST accepts connections from other machines/),
        ]);
    },
  );

  it.each([{ SMTP_URL: "smtp://127.0.0.1:1025" }, { RESEND_API_KEY: "re_1" }])(
    "may be local in a container, while no mailbox page shows the emails: %j",
    (mail) => {
      const settings = { ...mail, MAIL_FROM: "account@example.com" };
      for (const HOST of ["0.0.0.0", "::"]) expect(problemsWith({ HOST, ...settings })).toEqual([]);
    },
  );

  it("may not be local while the server listens on the network and uses a fake provider", () => {
    const provider = {
      AUTH_LINKEDIN_ID: "id",
      AUTH_LINKEDIN_SECRET: "secret",
      AUTH_LINKEDIN_ISSUER: "http://127.0.0.1:4001",
    };
    const mail = { SMTP_URL: "smtp://127.0.0.1:1025", MAIL_FROM: "account@example.com" };
    expect(problemsWith({ HOST: "0.0.0.0", ...mail, ...provider })).toEqual([
      expect.stringMatching(/^AUTH_LINKEDIN_ISSUER must not be set while HOST accepts/),
    ]);
    expect(problemsWith({ HOST: "127.0.0.1", ...mail, ...provider })).toEqual([]);
  });

  it.each([
    "http://account.example.com",
    "http://192.168.1.5:3000",
    "http://localhost.example.com",
  ])("may not be plain http on a network: %s", (AUTH_URL) => {
    expect(problemsWith({ AUTH_URL })).toContainEqual(
      expect.stringMatching(/^AUTH_URL must start with https/),
    );
  });

  it("on a network requires an explicit number of proxies, zero included", () => {
    const AUTH_URL = "https://account.example.com";
    const about = expect.stringMatching(/^TRUSTED_PROXY_HOPS must be set/);
    expect(problemsWith({ AUTH_URL })).toContainEqual(about);
    expect(problemsWith({ AUTH_URL, TRUSTED_PROXY_HOPS: "" })).toContainEqual(about);
    expect(problemsWith({ AUTH_URL, TRUSTED_PROXY_HOPS: "0" })).not.toContainEqual(about);
  });

  it("on a network requires the key for server actions", () => {
    const AUTH_URL = "https://account.example.com";
    const about = expect.stringMatching(/^NEXT_SERVER_ACTIONS_ENCRYPTION_KEY must be set/);
    const made = Buffer.alloc(32, 7).toString("base64");
    expect(problemsWith({ AUTH_URL })).toContainEqual(about);
    expect(problemsWith({ AUTH_URL, NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: made })).not.toContainEqual(
      about,
    );
  });
});

describe("a host name", () => {
  it.each(["localhost", "127.0.0.1", "127.8.9.10", "::1", "[::1]", "a.localhost", "a.b.localhost"])(
    "that is always local: %s",
    (name) => expect(isLoopback(name)).toBe(true),
  );

  it.each([
    "",
    "localhost.",
    "localhosts",
    "xlocalhost",
    "localhost.example.com",
    "127.0.0.1.example.com",
    "0.0.0.0",
    "10.0.0.1",
    "127.1",
    ".localhost",
    "127.0.0.1.5",
    "::",
    "[::]",
    "LOCALHOST.EVIL",
  ])("that may be another machine: %j", (name) => expect(isLoopback(name)).toBe(false));
});

describe("keys", () => {
  it.each(["TOKEN_KEY", "OUTBOX_KEY", "AUDIT_KEY", "AUTH_SECRET"])(
    "are required, and named when missing: %s",
    (name) => {
      expect(problemsWith({ [name]: undefined })).toEqual([
        expect.stringMatching(new RegExp(`^${name} is not set\\.`)),
      ]);
      expect(problemsWith({ [name]: "" })).toEqual([
        expect.stringMatching(new RegExp(`^${name} is not set\\.`)),
      ]);
    },
  );

  it.each([
    "TOKEN_KEY",
    "TOKEN_KEY_PREVIOUS",
    "OUTBOX_KEY",
    "OUTBOX_KEY_PREVIOUS",
    "AUDIT_KEY",
    "AUDIT_KEY_PREVIOUS",
    "AUTH_SECRET",
    "AUTH_SECRET_PREVIOUS",
  ])("must be 32 random bytes: %s", (name) => {
    const wrong = [
      "secret",
      key("C").slice(1),
      `${key("C")}C`,
      `${key("C").slice(1)}+`,
      `${key("C").slice(1)}=`,
      ` ${key("C").slice(1)}`,
      `${key("C")}\n`,
    ];
    for (const value of wrong)
      expect(problemsWith({ [name]: value })).toEqual([
        `${name} must be 32 random bytes in base64url (43 characters).`,
      ]);
  });

  it.each([
    "",
    "short",
    "!".repeat(44),
    Buffer.alloc(31).toString("base64"),
    Buffer.alloc(33).toString("base64"),
    Buffer.alloc(32, 255).toString("base64url"),
  ])("for server actions must be one that Next can read: %j", (value) => {
    const problemsFound = problemsWith({ NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: value });
    expect(problemsFound.length > 0).toBe(value !== "");
  });

  it.each([16, 24, 32])("for server actions may have %i bytes", (bytes) => {
    const value = Buffer.alloc(bytes, 255).toString("base64");
    expect(problemsWith({ NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: value })).toEqual([]);
  });

  it("come with their previous key, the current one first", () => {
    const env = parse({ TOKEN_KEY_PREVIOUS: key("C"), OUTBOX_KEY_PREVIOUS: key("D") });
    expect(env.tokenKey).toEqual([key("A"), key("C")]);
    expect(env.outboxKey).toEqual([key("B"), key("D")]);
  });

  it("are refused when two are the same", () => {
    for (const name of ["OUTBOX_KEY", "AUDIT_KEY", "AUTH_SECRET"])
      expect(problemsWith({ [name]: keys.TOKEN_KEY })).toEqual([
        expect.stringMatching(/TOKEN_KEY.+ must be four different keys\.$/),
      ]);
    expect(problemsWith({ TOKEN_KEY_PREVIOUS: keys.TOKEN_KEY })).toEqual([
      "TOKEN_KEY_PREVIOUS is the same as TOKEN_KEY. Set it to the key before the rotation, or unset it.",
    ]);
    expect(problemsWith({ OUTBOX_KEY_PREVIOUS: keys.OUTBOX_KEY })).toEqual([
      "OUTBOX_KEY_PREVIOUS is the same as OUTBOX_KEY. Set it to the key before the rotation, or unset it.",
    ]);
  });
});

describe("a combination that makes no sense", () => {
  it.each([
    ["MIGRATE_DATABASE_URL", "postgres://owner:pw@db/latchkey", "is set, but DATABASE_URL is not."],
    ["DATABASE_URL", "mysql://db/latchkey", "must be a postgres:// URL."],
    ["DATABASE_URL", "db.example.com", "must be a postgres:// URL."],
    ["MIGRATE_DATABASE_URL", "sqlite:///x", "must be a postgres:// URL."],
    ["SIGN_UP", "maybe", "must be open or closed."],
    ["LOCALE", "de", "must be one of en,en-XA,ar-XB."],
    ["LOCALE", "EN", "must be one of en,en-XA,ar-XB."],
    ["SUPPORT_EMAIL", "help", "must be an email address."],
    ["APP_NAME", "x".repeat(61), "must be at most 60 characters."],
    ["APP_NAME", "Latch\nkey", "must be one line without quotes or angle brackets."],
    [
      "APP_NAME",
      "Latch\r\nBcc: mallory@evil.example",
      "must be one line without quotes or angle brackets.",
    ],
    ["APP_NAME", "<b>Latchkey</b>", "must be one line without quotes or angle brackets."],
    ["APP_NAME", 'Latch"key', "must be one line without quotes or angle brackets."],
    ["APP_NAME", "Latch\u0085key", "must be one line without quotes or angle brackets."],
    ["METRICS_TOKEN", "t".repeat(31), "must be 32 to 200 characters without spaces."],
    ["METRICS_TOKEN", `${"t".repeat(40)} t`, "must be 32 to 200 characters without spaces."],
  ])("is refused with a clear message: %s=%j", (name, value, sentence) => {
    expect(problemsWith({ [name]: value })).toContain(`${name} ${sentence}`);
  });

  it.each([
    ["LOG_LEVEL", "reject"],
    ["NODE_ENV", "staging"],
  ])("is refused with a message that says what to set: %s", (name, value) => {
    expect(problemsWith({ [name]: value })).toEqual([
      expect.stringMatching(new RegExp(`^${name} `)),
    ]);
  });

  it("is not two databases of which both exist", () => {
    const env = parse({
      DATABASE_URL: "postgres://app:pw@db:5432/latchkey",
      MIGRATE_DATABASE_URL: "postgresql://owner:pw@db/latchkey",
    });
    expect(env.databaseUrl).toBe("postgres://app:pw@db:5432/latchkey");
    expect(env.migrateDatabaseUrl).toBe("postgresql://owner:pw@db/latchkey");
    expect(parse({ DATABASE_URL: "postgres://db/x" }).migrateDatabaseUrl).toBe("postgres://db/x");
  });
});

describe("sending real email", () => {
  const MAIL_FROM = "Latchkey <hello@example.com>";

  it("works with Resend or SMTP, from an explicit address", () => {
    expect(parse({ RESEND_API_KEY: "re_x", MAIL_FROM }).mail).toMatchObject({ by: "resend" });
    expect(parse({ SMTP_URL: "smtps://u:p@mail.example.com", MAIL_FROM }).mail).toEqual({
      by: "smtp",
      url: "smtps://u:p@mail.example.com",
    });
    expect(parse({ MAIL_FROM }).mail).toEqual({ by: "local" });
  });

  it.each([
    ["Latchkey <hello@example.com>", "Latchkey", "hello@example.com"],
    ["  Ada & Co <Hello@Example.com> ", "Ada & Co", "hello@example.com"],
    ["hello@example.com", "", "hello@example.com"],
    ["<hello@example.com>", "", "hello@example.com"],
    ["Käse <hallo@käse.de>", "Käse", "hallo@xn--kse-qla.de"],
  ])("accepts a sender in the usual forms: %s", (text, name, address) => {
    expect(parse({ MAIL_FROM: text }).mailFrom).toEqual({ name, address });
  });

  it.each([
    "Latchkey",
    "hello",
    "Latchkey hello@example.com",
    "Latchkey <hello@example.com> <mallory@evil.example>",
    "Latchkey <hello@example.com>, mallory@evil.example",
    "hello@example.com, mallory@evil.example",
    "Latchkey\r\nBcc: mallory@evil.example <hello@example.com>",
    'Latch"key <hello@example.com>',
    "Latchkey <hello@example.com>\r\nBcc: x",
    "Latchkey <>",
    "<hello@localhost>",
  ])("refuses a sender that could be read as more than one: %j", (text) => {
    expect(problemsWith({ MAIL_FROM: text })).toEqual([
      "MAIL_FROM must be an email address, or Name <address>.",
    ]);
  });

  it.each([
    [{ RESEND_API_KEY: "re_x", SMTP_URL: "smtp://mail", MAIL_FROM }, "RESEND_API_KEY and SMTP_URL"],
    [{ RESEND_API_KEY: "re_x" }, "MAIL_FROM must be set"],
    [{ SMTP_URL: "smtp://mail.example.com" }, "MAIL_FROM must be set"],
    [{ RESEND_BASE_URL: "https://mail.example.com" }, "RESEND_BASE_URL is set, but"],
    [{ SMTP_URL: "https://mail.example.com", MAIL_FROM }, "SMTP_URL must be"],
    [{ SMTP_URL: "mail.example.com:587", MAIL_FROM }, "SMTP_URL must be"],
    [{ AUTH_URL: "https://account.example.com" }, "RESEND_API_KEY or SMTP_URL must be set"],
  ])("is refused when it is half configured: %j", (vars, start) => {
    expect(problemsWith(vars)).toContainEqual(expect.stringMatching(new RegExp(`^${start}`)));
  });

  it.each(["smtp:", "smtp://", "smtps://:465"])(
    "is refused without a mail server: %s",
    (SMTP_URL) => {
      expect(problemsWith({ SMTP_URL, MAIL_FROM })).toContainEqual(
        expect.stringMatching(/^SMTP_URL /),
      );
    },
  );

  it("completes the configuration of a public origin", () => {
    const env = parse({
      AUTH_URL: "https://account.example.com",
      HOST: "0.0.0.0",
      TRUSTED_PROXY_HOPS: "1",
      NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
      SMTP_URL: "smtp://mail.example.com",
      MAIL_FROM,
    });
    expect(env).toMatchObject({ loopback: false, trustedProxyHops: 1 });
    expect(env.origin.origin).toBe("https://account.example.com");
  });
});

describe("limits in Redis", () => {
  it.each([
    { REDIS_URL: "redis://cache:6379" },
    { REDIS_URL: "rediss://default:pw@cache.example.com:6380/0" },
    { UPSTASH_REDIS_REST_URL: "https://x.upstash.io", UPSTASH_REDIS_REST_TOKEN: "t" },
  ])("are accepted with one Redis: %j", (vars) => expect(problemsWith(vars)).toEqual([]));

  it.each([
    [{ UPSTASH_REDIS_REST_URL: "https://x.upstash.io" }, /must both be set/],
    [{ UPSTASH_REDIS_REST_TOKEN: "t" }, /must both be set/],
    [
      {
        REDIS_URL: "redis://cache",
        UPSTASH_REDIS_REST_URL: "https://x.upstash.io",
        UPSTASH_REDIS_REST_TOKEN: "t",
      },
      /both set/,
    ],
    [{ REDIS_URL: "https://cache" }, /^REDIS_URL must be/],
    [{ REDIS_URL: "cache:6379" }, /^REDIS_URL must be/],
    [{ REDIS_URL: "redis://" }, /^REDIS_URL must be/],
    [
      { UPSTASH_REDIS_REST_URL: "redis://cache", UPSTASH_REDIS_REST_TOKEN: "t" },
      /^UPSTASH_REDIS_REST_URL must be/,
    ],
  ])("are refused when Redis is half configured, or configured twice: %j", (vars, sentence) => {
    const problemsFound = problemsWith(vars);
    expect(problemsFound).not.toEqual([]);
    for (const entry of problemsFound) expect(entry).toMatch(sentence);
  });
});

describe("OAuth providers", () => {
  const google = { AUTH_GOOGLE_ID: "id", AUTH_GOOGLE_SECRET: "canary-secret" };
  const linkedin = { AUTH_LINKEDIN_ID: "id", AUTH_LINKEDIN_SECRET: "canary-secret" };
  const others = ["magic_link", "password"];

  it.each([
    [{}, others],
    [google, [...others, "google"]],
    [linkedin, [...others, "linkedin"]],
    [{ ...google, ...linkedin }, [...others, "google", "linkedin"]],
    [{ ...google, SIGN_IN_METHODS: "password" }, ["password"]],
    [{ ...google, SIGN_IN_METHODS: "password,google" }, ["password", "google"]],
    [
      { ...google, ...linkedin, SIGN_IN_METHODS: "linkedin,magic_link" },
      ["linkedin", "magic_link"],
    ],
  ])("are those that are listed and have keys: %j", (vars, methods) => {
    const env = parse(vars);
    expect(env.methods).toEqual(methods);
    expect(Object.keys(env.providers)).toEqual(methods.filter((name) => !others.includes(name)));
  });

  it("are known by their keys, and have their own issuer by default", () => {
    expect(parse({ ...google, ...linkedin }).providers).toEqual({
      google: {
        clientId: "id",
        clientSecret: "canary-secret",
        issuer: "https://accounts.google.com",
      },
      linkedin: {
        clientId: "id",
        clientSecret: "canary-secret",
        issuer: "https://www.linkedin.com/oauth",
      },
    });
    const AUTH_GOOGLE_ISSUER = "http://localhost:4000/google";
    expect(parse({ ...google, AUTH_GOOGLE_ISSUER }).providers[googleMethod.id]).toMatchObject({
      issuer: AUTH_GOOGLE_ISSUER,
    });
  });

  it.each([
    [{ AUTH_GOOGLE_ID: "id" }, "AUTH_GOOGLE_ID and AUTH_GOOGLE_SECRET must both be set."],
    [
      { AUTH_GOOGLE_SECRET: "canary-secret" },
      "AUTH_GOOGLE_ID and AUTH_GOOGLE_SECRET must both be set.",
    ],
    [
      { ...google, AUTH_GOOGLE_SECRET: "" },
      "AUTH_GOOGLE_ID and AUTH_GOOGLE_SECRET must both be set.",
    ],
    [{ AUTH_LINKEDIN_ID: "id" }, "AUTH_LINKEDIN_ID and AUTH_LINKEDIN_SECRET must both be set."],
    [
      { AUTH_GOOGLE_ISSUER: "http://localhost:4000" },
      "AUTH_GOOGLE_ISSUER is set, but AUTH_GOOGLE_ID is not.",
    ],
    [
      { ...linkedin, AUTH_GOOGLE_ISSUER: "http://localhost:4000" },
      "AUTH_GOOGLE_ISSUER is set, but AUTH_GOOGLE_ID is not.",
    ],
    [
      { SIGN_IN_METHODS: "password,google" },
      "SIGN_IN_METHODS includes google, but AUTH_GOOGLE_ID is not set.",
    ],
    [
      { ...google, SIGN_IN_METHODS: "password,linkedin" },
      "SIGN_IN_METHODS includes linkedin, but AUTH_LINKEDIN_ID is not set.",
    ],
    [
      { ...google, AUTH_GOOGLE_ID: "a\nb" },
      "AUTH_GOOGLE_ID must be one line without quotes or angle brackets.",
    ],
    [{ ...google, AUTH_GOOGLE_ISSUER: "accounts.google.com" }, "AUTH_GOOGLE_ISSUER must be a URL."],
    [{ ...google, AUTH_GOOGLE_ISSUER: "javascript:alert(1)" }, "AUTH_GOOGLE_ISSUER must be a URL."],
    [
      { ...google, AUTH_GOOGLE_ISSUER: "http://ada:secret@localhost:4000" },
      "AUTH_GOOGLE_ISSUER must be a URL without a user name.",
    ],
    [{ BREACH_LOOKUP_URL: "no URL at all" }, "BREACH_LOOKUP_URL must be a URL."],
    [
      { BREACH_LOOKUP_URL: "https://ada:secret@breaches.example" },
      "BREACH_LOOKUP_URL must be a URL without a user name.",
    ],
    [
      { ...google, SIGN_IN_METHODS: "google" },
      "SIGN_IN_METHODS must include magic_link or password, so that users can verify their email address.",
    ],
    [
      { SIGN_IN_METHODS: "password,facebook" },
      "SIGN_IN_METHODS must be some of magic_link,password,google,linkedin.",
    ],
  ])("are refused when they are half configured: %j", (vars, sentence) => {
    const problemsFound = problemsWith(vars);
    expect(problemsFound).toEqual([sentence]);
    expect(problemsFound.join()).not.toContain("canary-secret");
  });

  it.each(["AUTH_GOOGLE_ISSUER", "AUTH_LINKEDIN_ISSUER"])(
    "are the real ones on a public origin: no %s there, while a local server accepts it",
    (name) => {
      const vars = { ...google, ...linkedin, [name]: "https://login.example.com" };
      expect(problemsWith(vars)).toEqual([]);
      expect(problemsWith({ ...vars, AUTH_URL: "https://account.example.com" })).toContainEqual(
        expect.stringMatching(new RegExp(`^${name} must not be set on a public server`)),
      );
    },
  );
});

describe("a pseudo-language", () => {
  it.each(["en-XA", "ar-XB"])("is for a loopback origin only: %s", (LOCALE) => {
    expect(problemsWith({ LOCALE })).toEqual([]);
    expect(problemsWith({ LOCALE, AUTH_URL: "https://account.example.com" })).toContainEqual(
      "LOCALE must be en on a public origin: the other languages are for testing on this machine.",
    );
  });

  it("is not the default", () => {
    expect(parse({}).locale).toBe("en");
  });
});

describe("an operator who mistyped a value", () => {
  const complete = {
    AUTH_URL: "https://account.example.com",
    TRUSTED_PROXY_HOPS: "1",
    NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
    SMTP_URL: "smtp://mail.example.com",
    MAIL_FROM: "hello@example.com",
    DATABASE_URL: "postgres://db/x",
    MIGRATE_DATABASE_URL: "postgres://db/x",
    UPSTASH_REDIS_REST_URL: "https://x.upstash.io",
    UPSTASH_REDIS_REST_TOKEN: "t",
  };

  it("would get a running server with the right value", () =>
    expect(problemsWith(complete)).toEqual([]));

  it.each([
    "TRUSTED_PROXY_HOPS",
    "NEXT_SERVER_ACTIONS_ENCRYPTION_KEY",
    "SMTP_URL",
    "MAIL_FROM",
    "DATABASE_URL",
    "MIGRATE_DATABASE_URL",
    "UPSTASH_REDIS_REST_URL",
  ])("is told that %s is wrong, and not that it is missing", (name) => {
    const problemsFound = problemsWith({ ...complete, [name]: "!" });
    expect(problemsFound).not.toEqual([]);
    for (const entry of problemsFound)
      expect(entry).toMatch(new RegExp(`^${name} must be (?!set)`));
  });

  it("is told of each wrong value once", () => {
    for (const name of Object.keys(complete)) {
      const problemsFound = problemsWith({ ...complete, [name]: "a:1" });
      expect(problemsFound).toEqual([...new Set(problemsFound)]);
    }
  });

  it("is told of missing keys once each, and of no follow-up errors", () => {
    const problemsFound = problems({});
    for (const name of ["TOKEN_KEY", "OUTBOX_KEY", "AUDIT_KEY", "AUTH_SECRET"])
      expect(problemsFound.filter((entry) => entry.startsWith(`${name} is not set`))).toHaveLength(
        1,
      );
    for (const entry of problemsFound) expect(entry).toMatch(/^\w+ is not set\. /);
  });
});

describe("an operator who got several things wrong", () => {
  it("reads all of them at once: malformed values", () => {
    const problemsFound = problems({
      PORT: "x",
      SIGN_UP: "x",
      DATABASE_URL: "x",
      APP_NAME: "<",
      TOKEN_KEY: "x",
    });
    for (const name of ["PORT", "SIGN_UP", "DATABASE_URL", "APP_NAME", "TOKEN_KEY", "OUTBOX_KEY"])
      expect(problemsFound).toContainEqual(expect.stringMatching(new RegExp(`^${name} `)));
  });

  it("reads all of them at once: values that contradict each other", () => {
    const problemsFound = problemsWith({
      AUTH_URL: "http://account.example.com",
      OUTBOX_KEY: keys.TOKEN_KEY,
      TOKEN_KEY_PREVIOUS: keys.TOKEN_KEY,
      MIGRATE_DATABASE_URL: "postgres://db/x",
      SESSION_IDLE_HOURS: "48",
      SESSION_LIFETIME_DAYS: "1",
    });
    for (const start of [
      "AUTH_URL must start with https",
      "TRUSTED_PROXY_HOPS",
      "NEXT_SERVER_ACTIONS",
      "MIGRATE_DATABASE_URL",
      "TOKEN_KEY_PREVIOUS",
      ".*TOKEN_KEY.+must be four different keys",
      "SESSION_IDLE_HOURS",
    ])
      expect(problemsFound).toContainEqual(expect.stringMatching(new RegExp(`^${start}`)));
  });

  it("reads all of them at once: a malformed value beside contradictions", () => {
    const problemsFound = problems({
      ...keys,
      PORT: "x",
      AUTH_URL: "http://account.example.com",
      MIGRATE_DATABASE_URL: "postgres://db/x",
    });
    for (const start of [
      "PORT",
      "AUTH_URL must start with https",
      "TRUSTED_PROXY_HOPS",
      "MIGRATE_DATABASE_URL",
    ])
      expect(problemsFound).toContainEqual(expect.stringMatching(new RegExp(`^${start}`)));
  });

  it("reads none of the values in the message, secret or not", () => {
    const canary = "canary7hYt2mQpXo0R9sVbN";
    const mistakes = {
      PORT: canary,
      AUTH_URL: `https://ada:${canary}@account.example.com/${canary}`,
      APP_NAME: `<${canary}>`,
      SUPPORT_EMAIL: canary,
      MAIL_FROM: canary,
      SMTP_URL: `https://ada:${canary}@mail/${canary}`,
      RESEND_BASE_URL: canary,
      REDIS_URL: `https://ada:${canary}@cache/${canary}`,
      UPSTASH_REDIS_REST_TOKEN: canary,
      AUTH_SECRET: canary,
      TOKEN_KEY: canary,
      TOKEN_KEY_PREVIOUS: canary,
      OUTBOX_KEY: canary,
      OUTBOX_KEY_PREVIOUS: canary,
      NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: canary,
      DATABASE_URL: `mysql://ada:${canary}@db/${canary}`,
      MIGRATE_DATABASE_URL: `mysql://ada:${canary}@db/${canary}`,
      SIGN_UP: canary,
      TRUSTED_PROXY_HOPS: canary,
      METRICS_TOKEN: canary,
      LOG_LEVEL: canary,
      NODE_ENV: canary,
      HOST: canary,
    };
    for (const [name, value] of Object.entries(mistakes)) {
      const problemsFound = problemsWith({ [name]: value });
      expect(problemsFound).not.toEqual([]);
      expect(problemsFound.join("\n")).not.toContain(canary);
    }
    const same = problemsWith({
      TOKEN_KEY: key("Q"),
      OUTBOX_KEY: key("Q"),
      TOKEN_KEY_PREVIOUS: key("Q"),
    });
    expect(same.join("\n")).not.toContain("QQQ");
    expect(() => parseEnv(mistakes)).toThrow(EnvError);
    expect(() => parseEnv(mistakes)).not.toThrow(canary);
  });

  it("reads them as a list, one line each", () => {
    expect(() => parseEnv({ PORT: "x" })).toThrow(
      /^The environment variables have problems:\n( {2}- .+\.\n)+ {2}- .+\.$/,
    );
  });
});
