import { bounds } from "@/lib/core/policy";
import { pageNonce, siteConfig } from "@/lib/web/site";
import { Field } from "./_ui/field";
import { PasswordField } from "./_ui/password-field";
import { words } from "./words";

interface Props {
  readonly error?: string | undefined;
  readonly autoFocus?: boolean;
}

/** The password somebody has. */
export async function CurrentPassword(field: Props) {
  return (
    <PasswordField
      {...field}
      name="password"
      label={words.password.label}
      words={words.password}
      nonce={await pageNonce()}
    />
  );
}

/** A password to be: with its rule, its length in words, and without script to be typed twice. */
export async function NewPassword({ differ, ...field }: Props & { differ?: string | undefined }) {
  const minLength = siteConfig().passwordMinLength;
  return (
    <>
      <PasswordField
        {...field}
        name="password"
        label={words.password.newLabel}
        hint={words.password.hint(minLength)}
        words={words.password}
        newPassword={{ minLength, strongLength: Math.max(minLength, bounds.passwordStrongLength) }}
        nonce={await pageNonce()}
      />
      <noscript>
        <Field
          name="confirmPassword"
          label={words.password.again}
          type="password"
          autoComplete="new-password"
          error={differ}
        />
      </noscript>
    </>
  );
}
