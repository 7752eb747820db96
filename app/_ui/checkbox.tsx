interface CheckboxProps {
  name: string;
  label: string;
  defaultChecked?: boolean;
}

export function Checkbox({ label, ...input }: CheckboxProps) {
  return (
    <label className="checkbox">
      <input type="checkbox" {...input} />
      {label}
    </label>
  );
}
