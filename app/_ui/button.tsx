import type { ComponentProps, ReactNode } from "react";

export interface ButtonProps extends Pick<
  ComponentProps<"button">,
  "name" | "value" | "formAction"
> {
  children: ReactNode;
  variant?: "primary" | "plain" | "danger" | "quiet";
  /** Decoration before the label. */
  icon?: ReactNode;
  badge?: ReactNode;
  /** While the button is disabled it shows `text`, in which "{left}" counts down to 0:00. */
  countdown?: { seconds: number; text: string } | undefined;
}

interface ButtonLinkProps {
  href: string;
  children: ReactNode;
  variant?: "plain" | "danger";
}

/** A link to a page where something is done. It looks like the button that does it there. */
export function ButtonLink({ href, children, variant = "plain" }: ButtonLinkProps) {
  return (
    <a className={`button button--${variant}`} href={href}>
      <span className="label">{children}</span>
    </a>
  );
}

export function Button({
  children,
  variant = "plain",
  icon,
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
      {icon}
      <span className="label" data-left={countdown?.text} suppressHydrationWarning>
        {children}
      </span>
      {badge}
    </button>
  );
}
