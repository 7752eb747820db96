import type { ComponentProps, ReactNode } from "react";

export interface FieldProps extends Omit<ComponentProps<"input">, "className" | "name" | "id"> {
  /** Also the id, which an error message links to. */
  name: string;
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  /** A button after the field in the tab order. */
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
