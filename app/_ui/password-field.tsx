import "./password-field.css";
import type { ReactNode } from "react";
import { Field, type FieldProps } from "./field";

interface PasswordFieldProps extends Pick<
  FieldProps,
  "name" | "label" | "hint" | "error" | "autoFocus"
> {
  /** The label of the button that shows it. */
  show: ReactNode;
  /** For a new one: how long it has to be, and what is said of its length while it is typed. */
  newPassword?: {
    minLength: number;
    /** From which length it is called strong. */
    strongLength: number;
    /** What is said while 1, 2, 3, … characters are missing. */
    missing: readonly string[];
    enough: string;
    strong: string;
  };
  /** Of this response, for the script that shows and counts. */
  nonce: string | undefined;
}

/** No maxlength: what is pasted would be cut in silence, and be another password. */
export function PasswordField({ show, newPassword, nonce, hint, ...field }: PasswordFieldProps) {
  return (
    <>
      <Field
        {...field}
        type="password"
        autoComplete={newPassword ? "new-password" : "current-password"}
        // While it is shown, it is a text like others: nothing may correct it, or send it to be spelt.
        autoCapitalize="none"
        autoCorrect="off"
        spellCheck={false}
        enterKeyHint="go"
        {...(newPassword && { passwordrules: `minlength: ${newPassword.minLength};` })}
        trailing={
          <button type="button" data-show aria-pressed={false} hidden suppressHydrationWarning>
            {show}
          </button>
        }
        hint={
          newPassword ? (
            <>
              {hint}{" "}
              <strong
                aria-live="polite"
                data-length={JSON.stringify(newPassword)}
                suppressHydrationWarning
              >
                {""}
              </strong>
            </>
          ) : (
            hint
          )
        }
      />
      <script src="/password.js" nonce={nonce} defer suppressHydrationWarning />
    </>
  );
}
