import { messages } from "@/lib/web/messages";
import { now } from "@/lib/web/site";
import { timeZone } from "@/lib/web/time-zone";
import { Time } from "./_ui/time";

/** A moment in the person's time zone, which is named. */
export async function Timestamp({ at }: { at: Date }) {
  return <Time dateTime={at.toISOString()}>{messages().time(at, await timeZone())}</Time>;
}

/** A recent moment as people say it ("2 minutes ago"); older than a day, by its date. */
export async function RelativeTime({ at }: { at: Date }) {
  const text = messages().timeAgo(at, now()) ?? messages().time(at, await timeZone());
  return <Time dateTime={at.toISOString()}>{text}</Time>;
}
