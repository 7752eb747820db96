import type { ComponentProps, ReactNode } from "react";

export interface ButtonProps extends Pick<
  ComponentProps<"button">,
  "name" | "value" | "formAction"
> {
  children: ReactNode;
  variant?: "primary" | "plain" | "danger" | "quiet";
  /** What it acts on, for those who hear the button without the row around it. */
  object?: string;
  badge?: ReactNode;
  /** `text` holds "{left}", which counts down to 0:00 while the button rests. */
  countdown?: { seconds: number; text: string } | undefined;
}

export function Button({
  children,
  variant = "plain",
  object,
  badge,
  countdown,
  ...button
}: ButtonProps) {
  return (
    <button
      {...button}
      type="submit"
      className={`button button--${variant}`}
      data-countdown={countdown?.seconds}
      suppressHydrationWarning
    >
      <span className="label">
        {children}
        {object && <span className="visually-hidden"> {object}</span>}
        {countdown && " "}
        {countdown && (
          <span data-left={countdown.text} suppressHydrationWarning>
            {""}
          </span>
        )}
      </span>
      {badge}
    </button>
  );
}
