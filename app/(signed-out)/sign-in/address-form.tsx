import { Badge } from "@/app/_ui/badge";
import { Button } from "@/app/_ui/button";
import { Checkbox } from "@/app/_ui/checkbox";
import { ForgotPassword } from "@/app/(signed-out)/password/forgot-password";
import { Form } from "@/app/_ui/form";
import { piecesOf } from "@/app/_methods";
import { EmailField } from "@/app/email-field";
import { methods } from "@/lib/methods";
import { passwordMethod } from "@/lib/methods/password";
import type { LastMethod } from "@/lib/web/last-method";
import { message } from "@/lib/web/messages";
import { siteConfig } from "@/lib/web/site";

interface Props {
  readonly error?: string | undefined;
  readonly address: string;
  readonly remember: boolean;
  readonly next: string;
  readonly last: LastMethod;
}

/** The enabled methods that begin with an email address, each with its button. */
const addressMethods = () =>
  methods()
    .filter(({ id }) => siteConfig().methods.includes(id))
    .flatMap((method) => {
      const { addressButton } = piecesOf(method);
      return addressButton ? [{ method: method.id, ...addressButton }] : [];
    });

/** The address field and its buttons. The method used last comes first, and Enter submits it. */
export function AddressForm({ error, address, remember, next, last }: Props) {
  const shown = addressMethods().sort(
    (a, b) => Number(b.method === last) - Number(a.method === last),
  );
  if (!shown[0]) return null;
  const hasPassword = shown.some(({ method }) => method === passwordMethod.id);
  return (
    <Form action={shown[0].action}>
      <EmailField enterKeyHint="go" defaultValue={address} error={error} />
      <Checkbox name="remember" label={message("signIn.keep")} defaultChecked={remember} />
      <input type="hidden" name="next" value={next} />
      {shown.map(({ method, action, text }, at) => (
        <Button
          key={method}
          variant={at === 0 ? "primary" : "plain"}
          badge={method === last && <Badge>{message("signIn.lastUsed")}</Badge>}
          {...(at > 0 && { formAction: action })}
        >
          {text()}
        </Button>
      ))}
      {hasPassword && <ForgotPassword />}
    </Form>
  );
}
