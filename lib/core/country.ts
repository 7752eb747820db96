/** Codes by which proxies say that they do not know the country. */
const unknown = ["XX", "ZZ"];

/** A country (ISO 3166-1) as a proxy's header says it; null for anything else. */
export function readCountry(header: string | readonly string[] | undefined): string | null {
  const code = typeof header === "string" ? header.trim().toUpperCase() : "";
  return /^[A-Z]{2}$/.test(code) && !unknown.includes(code) ? code : null;
}
