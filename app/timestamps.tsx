import { messages } from "@/lib/web/messages";
import { now } from "@/lib/web/site";
import { timeZone } from "@/lib/web/time-zone";
import { Time } from "./_ui/time";

/** A time in the user's time zone, which is named. */
export async function Timestamp({ at }: { at: Date }) {
  return <Time dateTime={at.toISOString()}>{messages().time(at, await timeZone())}</Time>;
}

/** A time of a day that is known, in the user's time zone, which is named. */
export async function TimeOfDay({ at }: { at: Date }) {
  return <Time dateTime={at.toISOString()}>{messages().timeOfDay(at, await timeZone())}</Time>;
}

/** A relative time ("2 minutes ago"); a date after one day. */
export async function RelativeTime({ at }: { at: Date }) {
  const text = messages().timeAgo(at, now()) ?? messages().time(at, await timeZone());
  return <Time dateTime={at.toISOString()}>{text}</Time>;
}
