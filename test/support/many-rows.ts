/**
 * Rows as those of a database in use, as SQL: the benchmark fills millions of them, a test a few thousand.
 */

/** The address of the n-th generated user, from 1. */
export const addressOf = (n: number) => `user-${n}@example.com`;

/** The token of the n-th user's session: it has the form of a token, and its digest can be made in SQL. */
export const tokenOf = (n: number) => String(n).padStart(43, "0");

/** Tables that grow with users or traffic: no statement of a request may read one of them as a whole. */
export const growingTables: ReadonlySet<string> = new Set([
  ...["users", "sessions", "auth_providers", "known_devices", "verifications", "oauth_attempts"],
  ...["outbox", "limits", "audit_events", "audit_event_details", "audit_counts"],
]);

/** Rows for each user, by what is stored. */
export interface RowsPerUser {
  readonly auditEvents: number;
  readonly verifications: number;
  readonly letters: number;
  readonly limits: number;
  readonly oauthAttempts: number;
  readonly auditCounts: number;
}

const base64url = (bytes: string) =>
  `rtrim(translate(encode(${bytes}, 'base64'), '+/', '-_'), '=')`;
const digest = (text: string) => base64url(`sha256(convert_to(${text}, 'UTF8'))`);
/** Of version 4, as the API's schema asks, and the same for the same user. */
const userId = (n: string) =>
  `overlay(overlay(md5('user ' || ${n}) placing '4' from 13) placing 'a' from 17)::uuid`;
const within = (interval: string) => `now() - random() * interval '${interval}'`;

/**
 * One statement for each table, for this many users with this password hash. None of their rows is expired,
 * or expires within the next nine hours.
 */
export function statementsForRows(
  users: number,
  passwordHash: string,
  perUser: RowsPerUser,
): string[] {
  const series = (share: number) => `generate_series(1, ${Math.ceil(users * share)}) n`;
  const events = Math.ceil(users * perUser.auditEvents);
  const browser = "(array['firefox/linux', 'chrome/windows', 'safari/iphone'])[1 + n % 3]";
  const ip = "'198.51.' || n % 256 || '.' || n / 256 % 256";
  return [
    `insert into users (id, email, email_verified_at, password_hash, created_at)
      select ${userId("n")}, 'user-' || n || '@example.com', now(), '${passwordHash}', ${within("2 years")}
      from ${series(1)}`,
    `insert into auth_providers (user_id, provider, subject, address, created_at, last_used_at)
      select ${userId("n")}, provider, case provider when 'google' then 'g-' || n end,
        case provider when 'google' then 'user-' || n || '@example.com' end, ${within("2 years")}, now()
      from ${series(1)}, unnest(array['magic_link', 'email', 'google']) provider
      where provider <> 'google' or n % 3 = 0`,
    // None ends within the hours that a run may take.
    `insert into sessions (token_digest, user_id, method, ip, browser, browser_digest, idle_seconds, remember,
        created_at, authenticated_at, last_seen_at, ends_at, expiry_check_at)
      select ${digest("'session:' || lpad(n::text, 43, '0')")}, ${userId("n")}, 'email', ${ip}, ${browser},
        ${digest("'browser' || n")}, case n % 2 when 0 then 86400 else 2592000 end, n % 2 = 1,
        created, created, seen, created + interval '30 days',
        least(created + interval '30 days', seen + case n % 2 when 0 then interval '1 day' else interval '30 days' end)
      from ${series(1)}, lateral (select ${within("25 days")} as created,
        now() - (n % 900) * interval '1 minute' as seen) times`,
    `insert into known_devices (device_digest, user_id, last_used_at)
      select ${digest("'device' || n")}, ${userId("n")}, ${within("170 days")} from ${series(1)}`,
    `insert into verifications (purpose, identifier, token_digest, code_hash, requesting_browser_digest, browser,
        is_decoy, from_known_device, remember, next, limit_hits, created_at, expires_at, code_expires_at, consumed_at,
        consumed_by_digest, consumed_with)
      select 'magic_link', 'user-' || 1 + n % ${users} || '@example.com', ${digest("'link' || n")},
        ${digest("'code' || n")}, ${digest("'browser' || n")}, ${browser}, false, n % 2 = 0, false, '/account', '[]',
        at, at + interval '400 days', at + interval '10 minutes', at + interval '1 minute',
        ${digest("'browser' || n")}, 'link'
      from ${series(perUser.verifications)}, lateral (select ${within("1 year")} as at, n as same) times`,
    `insert into outbox (kind, to_address, state, attempts, created_at, first_attempt_at, next_attempt_at, done_at)
      select 'magic_link', 'user-' || n || '@example.com', 'sent', 1, at, at, at, at
      from ${series(perUser.letters)}, lateral (select ${within("6 days")} as at, n as same) times`,
    `insert into limits (rule, key_hash, hits, granted, expires_at)
      select 'confirmations_per_ip', ${digest("'key' || n")}, array[now() - interval '1 hour', now()], true,
        now() + interval '12 hours' + random() * interval '12 hours'
      from ${series(perUser.limits)}`,
    `insert into oauth_attempts (token_digest, provider, remember, next, expires_at)
      select ${digest("'attempt' || n")}, 'google', false, '/account', now() + interval '12 hours'
      from ${series(perUser.oauthAttempts)}`,
    `insert into audit_event_details (event_id, ip, browser, identifier)
      select n, ${ip}, ${browser}, 'user-' || 1 + (n::bigint * 7919) % ${users} || '@example.com'
      from generate_series(1, ${events}) n`,
    `insert into audit_counts (event, outcome, key_hash, hour)
      select 'password.sign_in', 'rate_limited', ${digest("'key' || n")}, date_trunc('hour', ${within("1 year")})
      from ${series(perUser.auditCounts)}`,
    `insert into audit_events (at, event, outcome, subject_id, caller_id, session_id, request_id)
      select now() - interval '1 year' * (1 - n::float8 / ${events}), 'password.sign_in', 'ok',
        ${userId(`1 + (n::bigint * 7919) % ${users}`)}, null, gen_random_uuid(), gen_random_uuid()::text
      from generate_series(1, ${events}) n`,
  ];
}
