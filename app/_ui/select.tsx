interface SelectProps {
  /** Also the id, which an error message links to. */
  name: string;
  label: string;
  hint?: string;
  error?: string | undefined;
  defaultValue: string;
  /** The choice without a group. */
  first: { value: string; text: string };
  groups: readonly { label: string; options: readonly { value: string; text: string }[] }[];
}

/** A list to choose from, in groups. */
export function Select({ name, label, hint, error, defaultValue, first, groups }: SelectProps) {
  const about = error ? `${name}-error` : hint && `${name}-hint`;
  return (
    <div className="field">
      <label htmlFor={name}>{label}</label>
      <select
        id={name}
        name={name}
        defaultValue={defaultValue}
        aria-invalid={error ? true : undefined}
        aria-describedby={about || undefined}
      >
        <option value={first.value}>{first.text}</option>
        {groups.map((group) => (
          <optgroup key={group.label} label={group.label}>
            {group.options.map(({ value, text }) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
      {error && (
        <p className="error" id={`${name}-error`}>
          {error}
        </p>
      )}
      {hint && !error && (
        <p className="hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
