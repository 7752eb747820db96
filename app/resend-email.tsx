import type { ReactNode } from "react";
import { Button } from "@/app/_ui/button";
import { Disclosure } from "@/app/_ui/disclosure";
import { Form } from "@/app/_ui/form";
import { message } from "@/lib/web/messages";
import { siteConfig } from "@/lib/web/site";

interface Props {
  readonly action: (form: FormData) => Promise<void>;
  readonly email: string;
  /** Seconds until the email may be requested again. */
  readonly resendIn: number;
  /** More fields of the form. */
  readonly children?: ReactNode;
}

/** Requests an email again, and says what to do when none arrives. */
export const ResendEmail = ({ action, email, resendIn, children }: Props) => (
  <>
    <Form action={action}>
      <input type="hidden" name="email" value={email} />
      {children}
      <Button
        countdown={
          resendIn > 0
            ? { seconds: resendIn, text: message("checkEmail.resendIn", { left: "{left}" }) }
            : undefined
        }
      >
        {message("checkEmail.resend")}
      </Button>
    </Form>
    <Disclosure summary={message("checkEmail.notReceived")}>
      <p>{message("checkEmail.spam")}</p>
      <p>{message("checkEmail.rule", { count: siteConfig().emailsPerHour })}</p>
    </Disclosure>
  </>
);
