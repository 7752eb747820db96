interface PillProps {
  tone: "info" | "warn" | "danger" | "ok";
  children: string;
}

export function Pill({ tone, children }: PillProps) {
  return <span className={`badge tone--${tone}`}>{children}</span>;
}
