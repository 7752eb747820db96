import "./code-field.css";
import { Field, type FieldProps } from "./field";

type CodeFieldProps = Pick<FieldProps, "name" | "label" | "hint" | "error" | "autoFocus">;

/** Long enough for spaces and a whole pasted sentence, which the server reduces to digits. */
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
