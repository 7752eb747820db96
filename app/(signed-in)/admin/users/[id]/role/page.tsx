import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { Button } from "@/app/_ui/button";
import { roles } from "@/lib/core/role";
import { message } from "@/lib/web/messages";
import { submitRole } from "../../actions";
import { ActPage } from "../act-page";
import { readShownUser } from "../read-shown-user";

export const generateMetadata = (): Metadata => ({ title: message("user.changeRoleTitle") });

export default async function RolePage({ params }: { params: Promise<{ id: string }> }) {
  const { user, mayChangeRole } = await readShownUser((await params).id);
  if (!mayChangeRole) notFound();
  return (
    <ActPage
      user={user}
      name="role"
      title={message("user.changeRoleTitle")}
      lead={message("user.changeRoleLead")}
      action={submitRole}
    >
      <div className="actions">
        {roles
          .filter((role) => role !== user.role)
          .map((role) => (
            <Button
              key={role}
              name="role"
              value={role}
              variant={role === "admin" ? "danger" : "plain"}
            >
              {message("user.makeRole", { role: role === "member" ? "other" : role })}
            </Button>
          ))}
      </div>
    </ActPage>
  );
}
