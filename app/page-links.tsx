import { StandaloneLink } from "@/app/_ui/standalone-link";
import { message } from "@/lib/web/messages";

const texts = {
  time: { first: "activity.newest", next: "activity.older" },
  other: { first: "users.first", next: "users.more" },
} as const;

interface Props {
  /** The path of the first page; null on that page. */
  readonly first: string | null;
  /** The path of the next page; null on the last one. */
  readonly next: string | null;
  /** What orders the list: “older” says more than “more”. */
  readonly by?: keyof typeof texts;
}

/** The links below a list that is shown in pages. */
export const PageLinks = ({ first, next, by = "other" }: Props) => (
  <>
    {first !== null && <StandaloneLink href={first}>{message(texts[by].first)}</StandaloneLink>}
    {next !== null && <StandaloneLink href={next}>{message(texts[by].next)}</StandaloneLink>}
  </>
);
