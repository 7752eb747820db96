import { Fragment, type ReactNode } from "react";

export function Rows({ children }: { children: ReactNode }) {
  // Safari does not announce a list without bullets as a list.
  return (
    <ul className="rows" role="list">
      {children}
    </ul>
  );
}

interface RowProps {
  title: string;
  badge?: ReactNode;
  details: readonly ReactNode[];
  action?: ReactNode;
}

export function Row({ title, badge, details, action }: RowProps) {
  return (
    <li className="row">
      <div>
        <h2>{title}</h2> {badge}
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
