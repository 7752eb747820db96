import { Field } from "./_ui/field";
import { words } from "./words";

/** What the field is sent as where nobody needs it: whose password it is, the session says. */
export const displayedUsername = "shown-for";

interface Props {
  /** Where the form does need it. */
  readonly name?: string;
  readonly address: string;
}

/** Whose password it will be: shown, and told to the password manager that files it. */
export function UsernameField({ name = displayedUsername, address }: Props) {
  return (
    <Field
      name={name}
      label={words.email}
      type="email"
      autoComplete="username"
      defaultValue={address}
      readOnly
    />
  );
}
