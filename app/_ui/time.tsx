interface TimeProps {
  dateTime: string;
  children: string;
}

export function Time({ dateTime, children }: TimeProps) {
  return <time dateTime={dateTime}>{children}</time>;
}
