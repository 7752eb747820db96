import "./password-field.css";
import { Field, type FieldProps } from "./field";

interface PasswordFieldProps extends Pick<
  FieldProps,
  "name" | "label" | "hint" | "error" | "autoFocus"
> {
  words: {
    show: string;
    what: string;
    /** `{left}` is replaced by how many characters are missing; the keys are plural categories. */
    more: Readonly<Record<string, string>>;
    enough: string;
    strong: string;
  };
  /** For a new one: how long it has to be, and from which length it is called strong. */
  newPassword?: { minLength: number; strongLength: number };
  /** Of this response, for the script that shows and counts. */
  nonce: string | undefined;
}

/** No maxlength: what is pasted would be cut in silence, and be another password. */
export function PasswordField({ words, newPassword, nonce, hint, ...field }: PasswordFieldProps) {
  const { show, what, more, enough, strong } = words;
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
            <span className="visually-hidden"> {what}</span>
          </button>
        }
        hint={
          newPassword ? (
            <>
              {hint}{" "}
              <strong
                aria-live="polite"
                data-length={JSON.stringify({ ...newPassword, more, enough, strong })}
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
