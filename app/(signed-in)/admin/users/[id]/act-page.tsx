import type { ReactNode } from "react";
import { Field } from "@/app/_ui/field";
import { Form } from "@/app/_ui/form";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { fieldError } from "@/app/flash-message";
import { email } from "@/app/markup";
import { bounds } from "@/lib/core/policy";
import { readFlash } from "@/lib/web/flash";
import { message, rich } from "@/lib/web/messages";
import { StaffLayout } from "../../staff-layout";

interface Props {
  readonly user: { readonly id: string; readonly email: string };
  /** The last part of the page's path. */
  readonly name: string;
  readonly title: string;
  readonly lead: string;
  readonly action: (form: FormData) => Promise<void>;
  /** The fields beside the reason. */
  readonly fields?: readonly string[];
  /** What the page shows below. */
  readonly after?: ReactNode;
  /** The buttons. */
  readonly children: ReactNode;
}

/** A page that asks once more, and for a reason, before staff change the account of somebody else. */
export async function ActPage(props: Props) {
  const { user, name, title, lead, action, fields = [], after, children } = props;
  const path = `/admin/users/${user.id}/${name}`;
  const flash = await readFlash(path);
  return (
    <StaffLayout path={path} navItem="/admin/users" title={title} fields={["reason", ...fields]}>
      <p>{rich("staff.about", { address: user.email, email })}</p>
      <p>{lead}</p>
      <Form action={action}>
        <input type="hidden" name="id" value={user.id} />
        <Field
          name="reason"
          label={message("staff.reason")}
          hint={message("staff.reasonHint")}
          error={fieldError(flash, "reason")}
          type="text"
          autoComplete="off"
          maxLength={bounds.reasonLength}
        />
        {children}
      </Form>
      <StandaloneLink href={`/admin/users/${user.id}`}>{message("common.cancel")}</StandaloneLink>
      {after}
    </StaffLayout>
  );
}
