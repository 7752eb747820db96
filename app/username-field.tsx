import { displayAddress } from "@/lib/core/display-address";
import { message } from "@/lib/web/messages";
import { Field } from "./_ui/field";

/** The field's name where the server ignores it, as the session says whose password it is. */
export const displayedUsername = "shown-for";

interface Props {
  /** The name, where the server reads the field. */
  readonly name?: string;
  readonly address: string;
}

/** The address a password belongs to: shown, and read by password managers. */
export function UsernameField({ name = displayedUsername, address }: Props) {
  return (
    <Field
      name={name}
      label={message("common.email")}
      type="text"
      dir="ltr"
      autoComplete="username"
      defaultValue={displayAddress(address)}
      readOnly
    />
  );
}
