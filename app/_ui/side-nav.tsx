interface SideNavProps {
  label: string;
  items: readonly { href: string; text: string; current: boolean }[];
}

export function SideNav({ label, items }: SideNavProps) {
  return (
    <nav className="side-nav" aria-label={label}>
      {items.map(({ href, text, current }) => (
        <a key={href} href={href} aria-current={current ? "page" : undefined}>
          {text}
        </a>
      ))}
    </nav>
  );
}
