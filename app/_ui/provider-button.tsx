import { Button, type ButtonProps } from "./button";

/** Always plain: no provider outranks the others, or the e-mail link. */
export function ProviderButton(button: Pick<ButtonProps, "children" | "badge" | "name" | "value">) {
  return <Button variant="plain" {...button} />;
}
