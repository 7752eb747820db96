interface BadgeProps {
  tone?: "warn" | "danger" | "ok";
  children: string;
}

export function Badge({ tone, children }: BadgeProps) {
  if (!tone) return <span className="badge">{children}</span>;
  return <span className={`badge tone--${tone}`}>{children}</span>;
}
