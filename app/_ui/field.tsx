import type { ComponentProps, ReactNode } from "react";

export interface FieldProps extends Omit<ComponentProps<"input">, "className" | "name" | "id"> {
  /** Its id too, so that an error summary can link to it. */
  name: string;
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  /** A button of its own, after it in the order of tabs. */
  trailing?: ReactNode;
}

export function Field({ name, label, hint, error, trailing, ...input }: FieldProps) {
  const errorId = error && `${name}-error`;
  const hintId = hint && `${name}-hint`;
  return (
    <div className="field">
      <label htmlFor={name}>{label}</label>
      <input
        {...input}
        id={name}
        name={name}
        aria-invalid={error ? true : undefined}
        aria-describedby={[errorId, hintId].filter(Boolean).join(" ") || undefined}
        suppressHydrationWarning
      />
      {trailing}
      {error && (
        <p className="error" id={errorId}>
          {error}
        </p>
      )}
      {hint && (
        <p className="hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
