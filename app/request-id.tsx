import { rich } from "@/lib/web/messages";

/** What to quote to support; the log has the same. */
export function RequestId({ id }: { id: string | undefined }) {
  return (
    id && (
      <p className="hint">
        {rich("common.reference", {
          reference: id,
          code: (reference) => <code dir="ltr">{reference}</code>,
        })}
      </p>
    )
  );
}
