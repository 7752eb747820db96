/** A length of time in whole seconds. Only the functions below create one, so the unit is explicit. */
export type Duration = number & { readonly __unit: "seconds" };

export const seconds = (n: number) => n as Duration;
export const minutes = (n: number) => seconds(n * 60);
export const hours = (n: number) => minutes(n * 60);
export const days = (n: number) => hours(n * 24);

const steps = [
  { unit: "day", length: days(1) },
  { unit: "hour", length: hours(1) },
  { unit: "minute", length: minutes(1) },
] as const;

/** A duration as text, in the largest unit that is exact ("90 minutes"). */
export function exactly(duration: Duration, locale = "en"): string {
  const step = steps.find(({ length }) => duration >= length && duration % length === 0);
  return inUnit(duration / (step?.length ?? seconds(1)), step?.unit ?? "second", locale);
}

/**
 * A duration as text ("1 hour", "12 minutes"), rounded up to its largest unit, so that "try again in …"
 * is never too early.
 */
export function inWords(duration: Duration, locale = "en"): string {
  const step = steps.find(({ length }) => duration >= length);
  return inUnit(Math.ceil(duration / (step?.length ?? seconds(1))), step?.unit ?? "second", locale);
}

const inUnit = (count: number, unit: string, locale: string) =>
  new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(count);
