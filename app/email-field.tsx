import type { ComponentProps } from "react";
import { bounds } from "@/lib/core/policy";
import { message } from "@/lib/web/messages";
import { Field } from "./_ui/field";

type Props = Pick<
  ComponentProps<typeof Field>,
  "error" | "defaultValue" | "readOnly" | "enterKeyHint"
> & {
  readonly name?: string;
};

/** An email address field, named so that password managers fill it in. */
export function EmailField({ name = "email", ...field }: Props) {
  return (
    <Field
      {...field}
      name={name}
      label={message("common.email")}
      type="text"
      dir="ltr"
      autoComplete="username"
      inputMode="email"
      autoCapitalize="none"
      spellCheck={false}
      maxLength={bounds.emailLength}
    />
  );
}
