import type { ComponentProps } from "react";
import { bounds } from "@/lib/core/policy";
import { message } from "@/lib/web/messages";
import { Field } from "./_ui/field";

type Props = Pick<
  ComponentProps<typeof Field>,
  "error" | "hint" | "defaultValue" | "readOnly" | "enterKeyHint"
> & {
  readonly name?: string;
  readonly label?: string;
  /** `email` for one that is not the user’s own yet, `off` for one to type. */
  readonly autoComplete?: "username" | "email" | "off";
};

/** An email address field, named so that password managers fill it in. */
export function EmailField({
  name = "email",
  label = message("common.email"),
  autoComplete = "username",
  ...field
}: Props) {
  return (
    <Field
      {...field}
      name={name}
      label={label}
      type="text"
      dir="ltr"
      autoComplete={autoComplete}
      inputMode="email"
      autoCapitalize="none"
      spellCheck={false}
      maxLength={bounds.emailLength}
    />
  );
}
