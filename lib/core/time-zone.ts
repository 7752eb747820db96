const ianaName = /^[A-Za-z][\w+/-]{0,63}$/;

/** A time zone by its IANA name, spelled as Intl spells it; null for anything else. */
export function parseTimeZone(name: string): string | null {
  if (!ianaName.test(name)) return null;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}

/** The time zones to choose from, by region: UTC first. */
export const timeZones = (): readonly string[] => [
  "UTC",
  ...Intl.supportedValuesOf("timeZone").filter((name) => name !== "UTC"),
];
