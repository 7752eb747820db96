import type { ReactNode } from "react";

interface FormProps {
  action: (form: FormData) => Promise<void>;
  children: ReactNode;
}

/** noValidate, because every refusal is worded by us and shown on the page after the redirect. */
export function Form({ action, children }: FormProps) {
  return (
    <form className="form" action={action} noValidate suppressHydrationWarning>
      {children}
    </form>
  );
}
