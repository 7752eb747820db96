import { Field, type FieldProps } from "./field";

type CodeFieldProps = Pick<FieldProps, "name" | "label" | "hint" | "error" | "autoFocus">;

/** Room for spaces and a whole pasted sentence: the server tidies what the script did not. */
export function CodeField(field: CodeFieldProps) {
  return (
    <Field
      {...field}
      data-code
      dir="ltr"
      inputMode="numeric"
      autoComplete="one-time-code"
      autoCapitalize="none"
      spellCheck={false}
      enterKeyHint="go"
      maxLength={200}
    />
  );
}
