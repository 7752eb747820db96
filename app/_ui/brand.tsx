export function Brand({ name }: { name: string }) {
  return (
    <a className="brand" href="/">
      <svg width="12" height="18" viewBox="0 0 12 18" aria-hidden="true">
        <path d="M0 0h3v15h9v3H0z" />
      </svg>
      {name}
    </a>
  );
}
