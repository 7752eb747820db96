import { Fragment, type ReactNode } from "react";
import type { MethodId } from "@/lib/core/method-id";
import { googleMethod } from "@/lib/methods/google";
import { linkedinMethod } from "@/lib/methods/linkedin";

/**
 * A company's own mark, in its own colours, as its guidelines ask. The button beside it says the name.
 * Null for a company whose mark we do not have.
 */
export function ProviderLogo({ provider }: { provider: MethodId }) {
  const mark = marks.get(provider);
  return (
    mark && (
      <svg className="logo" width="20" height="20" viewBox="0 0 48 48" aria-hidden="true">
        {mark}
      </svg>
    )
  );
}

const marks: ReadonlyMap<MethodId, ReactNode> = new Map([
  [
    googleMethod.id,
    <Fragment key="mark">
      <path
        fill="#EA4335"
        d="M24 9.5c3.54 0 6.71 1.22 9.21 3.6l6.85-6.85C35.9 2.38 30.47 0 24 0 14.62 0 6.51 5.38 2.56 13.22l7.98 6.19C12.43 13.72 17.74 9.5 24 9.5z"
      />
      <path
        fill="#4285F4"
        d="M46.98 24.55c0-1.57-.15-3.09-.38-4.55H24v9.02h12.94c-.58 2.96-2.26 5.48-4.78 7.18l7.73 6c4.51-4.18 7.09-10.36 7.09-17.65z"
      />
      <path
        fill="#FBBC05"
        d="M10.53 28.59c-.48-1.45-.76-2.99-.76-4.59s.27-3.14.76-4.59l-7.98-6.19C.92 16.46 0 20.12 0 24c0 3.88.92 7.54 2.56 10.78l7.97-6.19z"
      />
      <path
        fill="#34A853"
        d="M24 48c6.48 0 11.93-2.13 15.89-5.81l-7.73-6c-2.15 1.45-4.92 2.3-8.16 2.3-6.26 0-11.57-4.22-13.47-9.91l-7.98 6.19C6.51 42.62 14.62 48 24 48z"
      />
    </Fragment>,
  ],
  [
    linkedinMethod.id,
    <Fragment key="mark">
      <path
        fill="#0A66C2"
        d="M44.45 0H3.54C1.58 0 0 1.55 0 3.46v41.07C0 46.45 1.58 48 3.54 48h40.91c1.96 0 3.55-1.55 3.55-3.47V3.46C48 1.55 46.41 0 44.45 0z"
      />
      <path
        fill="#fff"
        d="M7.11 18h7.13v22.9H7.11zM10.68 6.6a4.13 4.13 0 1 1 0 8.26 4.13 4.13 0 0 1 0-8.26M18.71 18h6.83v3.13h.1c.95-1.8 3.27-3.7 6.74-3.7 7.2 0 8.53 4.74 8.53 10.91V40.9h-7.11V29.77c0-2.66-.05-6.07-3.7-6.07-3.7 0-4.27 2.89-4.27 5.88V40.9h-7.12z"
      />
    </Fragment>,
  ],
]);
