import type { Metadata } from "next";
import { cache } from "react";
import { pageTitle } from "@/app/flash-message";
import { email } from "@/app/markup";
import { RelativeTime } from "@/app/timestamps";
import { previewRestore } from "@/lib/flows/deletion/preview-restore";
import { readFlash } from "@/lib/web/flash";
import { deviceName, message, messages, rich } from "@/lib/web/messages";
import { runForRequest } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { refusedTitle } from "../../refused-title";
import { path, UndoLink } from "../../undo-link";
import { submitRestoreLink } from "../actions";

interface Props {
  params: Promise<{ token: string }>;
}

const preview = cache((token: string) => runForRequest(previewRestore, { token }));

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const previewed = await preview((await params).token);
  if (!previewed.ok) return { title: refusedTitle(previewed.refusal) };
  return { title: pageTitle(message("restoreAccount.title"), await readFlash(path)) };
}

export default async function RestoreLinkPage({ params }: Props) {
  const { token } = await params;
  const lifetime = messages().exactDuration(siteConfig().lifetimes.deletion);
  return (
    <UndoLink
      token={token}
      previewed={await preview(token)}
      title={message("restoreAccount.title")}
      lead={({ address, browser, askedAt }) =>
        rich("restoreLink.lead", {
          address,
          device: deviceName(browser, "sentence"),
          when: <RelativeTime at={askedAt} />,
          email,
        })
      }
      invalid={message("restoreLink.invalid", { lifetime })}
      otherBrowser={{
        title: message("restoreLink.otherBrowser"),
        text: message("link.otherBrowserHelp"),
      }}
      action={submitRestoreLink}
      button={message("restoreAccount.submit")}
    />
  );
}
