import { message } from "@/lib/web/messages";
import { Field } from "./_ui/field";

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
      label={message("common.email")}
      type="email"
      dir="ltr"
      autoComplete="username"
      defaultValue={address}
      readOnly
    />
  );
}
