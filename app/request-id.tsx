import { rich } from "@/lib/web/messages";

/** The request id, which users quote to support and which the log has, too. */
export function RequestId({ id }: { id: string | undefined }) {
  return (
    id && (
      <p className="hint reference">
        {rich("common.reference", {
          reference: id,
          code: (reference) => <code dir="ltr">{reference}</code>,
        })}
      </p>
    )
  );
}
