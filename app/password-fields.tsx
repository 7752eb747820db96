import { site } from "@/lib/web/site";
import { PasswordField } from "./_ui/password-field";
import { words } from "./words";

interface Props {
  readonly error?: string | undefined;
  readonly autoFocus?: boolean;
}

/** The password somebody has. */
export function CurrentPassword(field: Props) {
  return <PasswordField {...field} name="password" label={words.password.label} />;
}

/** A password to be: with its rule, and its strength in words. */
export function NewPassword(field: Props) {
  return (
    <PasswordField
      {...field}
      name="password"
      label={words.password.new}
      least={site().passwordLeast}
    />
  );
}
