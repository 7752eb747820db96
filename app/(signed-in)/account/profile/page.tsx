import type { Metadata } from "next";
import { fieldError, pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { DefinitionList } from "@/app/_ui/definition-list";
import { Field } from "@/app/_ui/field";
import { Form } from "@/app/_ui/form";
import { Select } from "@/app/_ui/select";
import { Address, object } from "@/app/markup";
import { bounds } from "@/lib/core/policy";
import { timeZones } from "@/lib/core/time-zone";
import { readProfile } from "@/lib/flows/profile/read-profile";
import { readFlash } from "@/lib/web/flash";
import { message, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { browserTimeZone } from "@/lib/web/time-zone";
import { AccountLayout } from "../account-layout";
import { ScheduledEmailChange } from "../scheduled-email-change";
import { saveProfile } from "./actions";

const path = "/account/profile";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(message("profile.title"), await readFlash(path)) };
}

export default async function ProfilePage() {
  const profile = await readOrRedirect(readProfile, path);
  const flash = await readFlash(path);
  const entered = flash.refusal ? flash : profile;
  return (
    <AccountLayout path={path} title={message("profile.title")} fields={["name", "timeZone"]}>
      <ScheduledEmailChange path={path} />
      <DefinitionList
        items={[
          {
            term: message("account.email"),
            value: (
              <>
                <Address>{profile.email}</Address>{" "}
                <a href="/account/email">{rich("profile.changeEmail", { object })}</a>
              </>
            ),
          },
        ]}
      />
      <Form action={saveProfile}>
        <Field
          name="name"
          label={message("profile.name")}
          hint={message("profile.nameHint")}
          error={fieldError(flash, "name")}
          defaultValue={entered.name ?? ""}
          type="text"
          dir="auto"
          autoComplete="name"
          maxLength={bounds.nameLength}
        />
        <Select
          name="timeZone"
          label={message("profile.timeZone")}
          hint={message("profile.timeZoneHint")}
          error={fieldError(flash, "timeZone")}
          defaultValue={entered.timeZone ?? ""}
          first={{
            value: "",
            text: message("profile.browserTimeZone", { timeZone: await browserTimeZone() }),
          }}
          groups={regions(profile.timeZone)}
        />
        <Button variant="primary">{message("profile.save")}</Button>
      </Form>
    </AccountLayout>
  );
}

/** The time zones by region, as their names begin; `chosen` is among them, whatever it is. */
function regions(chosen: string | null) {
  const names = new Set([...timeZones(), ...(chosen === null ? [] : [chosen])]);
  const found = new Map<string, { value: string; text: string }[]>();
  for (const value of names) {
    const [region = "", ...place] = value.split("/");
    const label = place.length > 0 ? region : message("profile.otherTimeZones");
    const text = (place.length > 0 ? place.join(", ") : region).replaceAll("_", " ");
    found.set(label, [...(found.get(label) ?? []), { value, text }]);
  }
  return [...found].map(([label, options]) => ({ label, options }));
}
