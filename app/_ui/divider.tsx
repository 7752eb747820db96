export function Divider({ children }: { children: string }) {
  return <p className="divider">{children}</p>;
}
