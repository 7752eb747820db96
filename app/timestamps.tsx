import { now } from "@/lib/web/site";
import { Time } from "./_ui/time";

const date = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "short",
  timeZone: "UTC",
});
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** A moment, in words everybody reads alike. */
export const Timestamp = ({ at }: { at: Date }) => (
  <Time dateTime={at.toISOString()}>{`${date.format(at)} UTC`}</Time>
);

/** A recent moment as people say it ("2 minutes ago"); older than a day, by its date. */
export function RelativeTime({ at }: { at: Date }) {
  const minutes = Math.round((at.getTime() - now().getTime()) / 60_000);
  if (minutes < -24 * 60) return <Timestamp at={at} />;
  const text =
    minutes > -1
      ? "just now"
      : minutes > -60
        ? relative.format(minutes, "minute")
        : relative.format(Math.round(minutes / 60), "hour");
  return <Time dateTime={at.toISOString()}>{text}</Time>;
}
