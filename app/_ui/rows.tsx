import { Children, Fragment, type ReactNode } from "react";

export function Rows({ children }: { children: ReactNode }) {
  if (Children.count(children) === 0) return null;
  // Safari does not announce a list without bullets as a list.
  return (
    <ul className="rows" role="list">
      {children}
    </ul>
  );
}

interface RowProps {
  /** The level of its heading: one below that of the section. */
  level?: "h2" | "h3";
  title: ReactNode;
  badge?: ReactNode;
  details: readonly ReactNode[];
  action?: ReactNode;
}

export function Row({ level: Heading = "h2", title, badge, details, action }: RowProps) {
  return (
    <li className="row">
      <div>
        <Heading>{title}</Heading> {badge}
        <p>
          {details.map((detail, at) => (
            <Fragment key={at}>
              {at > 0 && " · "}
              {detail}
            </Fragment>
          ))}
        </p>
      </div>
      {action}
    </li>
  );
}
