import type { ComponentProps } from "react";
import { bounds } from "@/lib/core/policy";
import { Field } from "./_ui/field";
import { words } from "./words";

type Props = Pick<
  ComponentProps<typeof Field>,
  "error" | "defaultValue" | "readOnly" | "enterKeyHint"
> & {
  readonly name?: string;
};

/** Where somebody types their address: filled in by password managers, spelled as they do. */
export function EmailField({ name = "email", ...field }: Props) {
  return (
    <Field
      {...field}
      name={name}
      label={words.email}
      type="email"
      autoComplete="username"
      inputMode="email"
      autoCapitalize="none"
      spellCheck={false}
      maxLength={bounds.emailLength}
    />
  );
}
