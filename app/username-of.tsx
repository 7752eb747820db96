import { Field } from "./_ui/field";
import { words } from "./words";

interface Props {
  /** Sent under this name, where the form needs it. */
  readonly name?: string;
  readonly address: string;
}

/** Whose password it will be: shown, and told to the password manager that files it. */
export function UsernameOf({ name = "shown-for", address }: Props) {
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
