import { words } from "./words";

/** What to quote to support; the log has the same. */
export function RequestId({ id }: { id: string | undefined }) {
  return (
    id && (
      <p className="hint">
        {words.reference}: <code>{id}</code>
      </p>
    )
  );
}
