import { bounds } from "@/lib/core/policy";
import { message, rich } from "@/lib/web/messages";
import { pageNonce, siteConfig } from "@/lib/web/site";
import { Field } from "./_ui/field";
import { PasswordField } from "./_ui/password-field";
import { object } from "./markup";

interface Props {
  readonly error?: string | undefined;
  readonly autoFocus?: boolean;
}

/** The current password. */
export async function CurrentPassword(field: Props) {
  return (
    <PasswordField
      {...field}
      name="password"
      label={message("password.label")}
      show={rich("password.show", { object })}
      nonce={await pageNonce()}
    />
  );
}

/** A new password, with its rule and a text about its length; without script it is typed twice. */
export async function NewPassword({ differ, ...field }: Props & { differ?: string | undefined }) {
  const minLength = siteConfig().passwordMinLength;
  const repeated = (
    <Field
      name="confirmPassword"
      label={message("password.repeat")}
      type="password"
      autoComplete="new-password"
      error={differ}
    />
  );
  return (
    <>
      <PasswordField
        {...field}
        name="password"
        label={message("password.new")}
        hint={message("password.hint", { minLength })}
        show={rich("password.show", { object })}
        newPassword={{
          minLength,
          strongLength: Math.max(minLength, bounds.passwordStrongLength),
          missing: Array.from({ length: minLength - 1 }, (_, at) =>
            message("password.missing", { missing: at + 1 }),
          ),
          enough: message("password.enough"),
          strong: message("password.strong"),
        }}
        nonce={await pageNonce()}
      />
      {differ ? repeated : <noscript>{repeated}</noscript>}
    </>
  );
}
