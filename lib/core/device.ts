/** The browsers we can name. */
export const browserFamilies = [
  "chrome",
  "chromium",
  "edge",
  "firefox",
  "opera",
  "safari",
  "samsung",
] as const;
export type BrowserFamily = (typeof browserFamilies)[number];

/** The systems we can name. */
export const deviceSystems = [
  "android",
  "chromeos",
  "ipad",
  "iphone",
  "linux",
  "mac",
  "windows",
] as const;
export type DeviceSystem = (typeof deviceSystems)[number];

/** What a request came from; null for what we cannot name. */
export interface Device {
  readonly family: BrowserFamily | null;
  readonly system: DeviceSystem | null;
}

const unknown = "unknown";

/** A device as it is stored ("firefox/linux"); the message catalogue words it when it is read. */
export const formatDevice = ({ family, system }: Device): string =>
  `${family ?? unknown}/${system ?? unknown}`;

/** A device from its stored value; null for a value of another form. */
export function parseDevice(value: string): Device | null {
  const [family, system, ...more] = value.split("/");
  if (more.length > 0) return null;
  const foundFamily = browserFamilies.find((one) => one === family) ?? null;
  const foundSystem = deviceSystems.find((one) => one === system) ?? null;
  if (!foundFamily && family !== unknown) return null;
  if (!foundSystem && system !== unknown) return null;
  return { family: foundFamily, system: foundSystem };
}
