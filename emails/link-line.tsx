import { Link } from "react-email";
import { styles } from "./styles";

/** A bare link on a line of its own, which reads from left to right in every language. */
export const LinkLine = ({ url }: { readonly url: string }) => (
  <>
    <br />
    <Link href={url} style={styles.url} dir="ltr">
      {url}
    </Link>
  </>
);
