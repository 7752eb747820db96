import type { ComponentProps, ReactNode } from "react";

export interface FieldProps extends Omit<ComponentProps<"input">, "className" | "name" | "id"> {
  /** Also the id, which an error message links to. */
  name: string;
  label: string;
  hint?: ReactNode;
  /** It replaces the hint. The field takes the focus, so that the error is read and in sight. */
  error?: string | undefined;
  /** A text about what is typed, beside the hint or the error. */
  status?: ReactNode;
  /** A button after the field in the tab order. */
  trailing?: ReactNode;
}

export function Field({ name, label, hint, error, status, trailing, ...input }: FieldProps) {
  const shownHint = error ? null : hint;
  const about = error ? `${name}-error` : shownHint && `${name}-hint`;
  return (
    <div className="field">
      <label htmlFor={name}>{label}</label>
      <input
        {...input}
        id={name}
        name={name}
        aria-invalid={error ? true : undefined}
        aria-describedby={about || undefined}
        autoFocus={input.autoFocus || Boolean(error)}
        suppressHydrationWarning
      />
      {trailing}
      {error && (
        <p className="error" id={`${name}-error`}>
          {error}
        </p>
      )}
      {(shownHint || status) && (
        <p className="hint" id={shownHint ? `${name}-hint` : undefined}>
          {shownHint} {status}
        </p>
      )}
    </div>
  );
}
