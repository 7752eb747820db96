import { Button } from "@/app/_ui/button";
import { message } from "@/lib/web/messages";
import { continueWithReset } from "./actions";

/** In a form with an address: leads to the reset page, which shows the address again. */
export const ForgotPassword = () => (
  <Button variant="quiet" formAction={continueWithReset}>
    {message("passwordReset.forgot")}
  </Button>
);
