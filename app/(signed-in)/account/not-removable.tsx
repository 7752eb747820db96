import { StandaloneLink } from "@/app/_ui/standalone-link";
import { message } from "@/lib/web/messages";
import { AccountLayout } from "./account-layout";

interface Props {
  readonly path: string;
  /** Why, as a sentence. */
  readonly obstacle: string;
}

export const notRemovableTitle = () => message("methods.title");

/** Instead of a button that would only be refused: why a sign-in method cannot be removed. */
export function NotRemovable({ path, obstacle }: Props) {
  return (
    <AccountLayout path={path} navItem="/account/methods" title={notRemovableTitle()}>
      <p>{obstacle}</p>
      <StandaloneLink href="/account/methods">{message("common.backToMethods")}</StandaloneLink>
    </AccountLayout>
  );
}
