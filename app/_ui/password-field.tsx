import "./password-field.css";
import type { ReactNode } from "react";
import { Field, type FieldProps } from "./field";

interface PasswordFieldProps extends Pick<
  FieldProps,
  "name" | "label" | "hint" | "error" | "autoFocus"
> {
  /** The label of the button that shows the password. */
  show: ReactNode;
  /** For a new password: its required length, and the texts about its length while it is typed. */
  newPassword?: {
    minLength: number;
    /** The length from which it counts as strong. */
    strongLength: number;
    /** The text while 1, 2, 3, … characters are missing. */
    missing: readonly string[];
    enough: string;
    strong: string;
  };
  /** The response's nonce, for the script. */
  nonce: string | undefined;
}

/** No maxlength: a browser would cut a pasted password without telling the user. */
export function PasswordField({ show, newPassword, nonce, ...field }: PasswordFieldProps) {
  return (
    <>
      <Field
        {...field}
        type="password"
        autoComplete={newPassword ? "new-password" : "current-password"}
        // While the password is shown, no browser may correct it or send it to a spelling service.
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
        status={
          newPassword && (
            <strong
              aria-live="polite"
              data-length={JSON.stringify(newPassword)}
              suppressHydrationWarning
            >
              {""}
            </strong>
          )
        }
      />
      <script src="/latchkey/password.js" nonce={nonce} defer suppressHydrationWarning />
    </>
  );
}
