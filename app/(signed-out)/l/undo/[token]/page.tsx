import type { Metadata } from "next";
import { cache } from "react";
import { pageTitle } from "@/app/flash-message";
import { email } from "@/app/markup";
import { RelativeTime } from "@/app/timestamps";
import { previewEmailUndo } from "@/lib/flows/email-change/preview-email-undo";
import { readFlash } from "@/lib/web/flash";
import { deviceName, message, messages, rich } from "@/lib/web/messages";
import { runForRequest } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { refusedTitle } from "../../refused-title";
import { path, UndoLink } from "../../undo-link";
import { submitEmailUndo } from "../actions";

interface Props {
  params: Promise<{ token: string }>;
}

const preview = cache((token: string) => runForRequest(previewEmailUndo, { token }));

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const previewed = await preview((await params).token);
  if (!previewed.ok) return { title: refusedTitle(previewed.refusal) };
  return { title: pageTitle(message("undoEmail.title"), await readFlash(path)) };
}

export default async function UndoEmailPage({ params }: Props) {
  const { token } = await params;
  const lifetime = messages().exactDuration(siteConfig().lifetimes.emailUndo);
  return (
    <UndoLink
      token={token}
      previewed={await preview(token)}
      title={message("undoEmail.title")}
      lead={({ address, browser, askedAt }) =>
        rich("undoEmail.lead", {
          address,
          device: deviceName(browser, "sentence"),
          when: <RelativeTime at={askedAt} />,
          email,
        })
      }
      invalid={message("undoEmail.invalid", { lifetime })}
      otherBrowser={{
        title: message("undoEmail.otherBrowser"),
        text: message("undoEmail.otherBrowserHelp"),
      }}
      action={submitEmailUndo}
      button={message("undoEmail.submit")}
    />
  );
}
