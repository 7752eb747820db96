/**
 * Settings that are secret as a whole, and those that are URLs with a secret in them. A new setting whose
 * name looks like one of a secret counts as one.
 */
const secretName = /(SECRET|KEY|TOKEN)(_PREVIOUS)?$|_SECRET_|_TOKEN$|PASSWORD$/;
const urlName = /_(URL|ISSUER|ORIGINS)$/;

/** Parameters of a URL that carry a secret. */
const secretParameter = /^(password|sslpassword|pass|token|key|secret|api_?key)$/i;

/**
 * Returns a function that removes every secret of the settings from a text: what a server says may
 * repeat what it was sent.
 */
export function redactor(vars: Readonly<Record<string, string | undefined>>) {
  const secrets = new Set<string>();
  const add = (secret: string | null | undefined) => {
    if (!secret) return;
    for (const form of [secret, decoded(secret), encodeURIComponent(decoded(secret))]) {
      secrets.add(form);
      // As servers and logs may quote it.
      secrets.add(Buffer.from(form).toString("base64"));
    }
  };
  for (const [name, value] of Object.entries(vars)) {
    if (!value) continue;
    if (secretName.test(name)) add(value);
    if (urlName.test(name)) for (const secret of secretsInUrl(value)) add(secret);
  }
  // The longest first: one may contain another.
  const ordered = [...secrets].sort((a, b) => b.length - a.length);
  return (text: string) => ordered.reduce((safe, one) => safe.replaceAll(one, "[redacted]"), text);
}

/** Also of a URL that cannot be parsed, whose password is between the first colon and the last @. */
function* secretsInUrl(text: string) {
  const [, rest = ""] = text.split(/:\/\/(.*)/s);
  const [, password] = /^[^/:@]*:(.*)@/s.exec(rest) ?? [];
  yield password;
  const [, shorter] = /^[^/:@]*:([^@]*)@/s.exec(rest) ?? [];
  yield shorter;
  for (const [name, value] of new URLSearchParams(text.split("?")[1] ?? ""))
    if (secretParameter.test(name)) yield value;
  if (URL.canParse(text)) yield new URL(text).password;
}

function decoded(text: string) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
