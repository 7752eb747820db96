interface Props {
  readonly label: string;
  readonly items: readonly { readonly href: string; readonly text: string; current: boolean }[];
}

/** Links that show a part of a list. */
export function Filters({ label, items }: Props) {
  return (
    <nav className="filters" aria-label={label}>
      {items.map(({ href, text, current }) => (
        <a key={href} href={href} aria-current={current ? "true" : undefined}>
          {text}
        </a>
      ))}
    </nav>
  );
}
