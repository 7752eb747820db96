import type { Metadata } from "next";
import { cache } from "react";
import { pageTitle } from "@/app/flash-message";
import { email } from "@/app/markup";
import { RelativeTime } from "@/app/timestamps";
import { ok } from "@/lib/core/result";
import { previewEmailChangeStop } from "@/lib/flows/staff-email-change/preview-email-change-stop";
import { readFlash } from "@/lib/web/flash";
import { message, messages, rich } from "@/lib/web/messages";
import { runForRequest } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { submitEmailChangeStop } from "../../actions";
import { refusedTitle } from "../../refused-title";
import { path, UndoLink } from "../../undo-link";

interface Props {
  params: Promise<{ token: string }>;
}

const preview = cache((token: string) => runForRequest(previewEmailChangeStop, { token }));

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const previewed = await preview((await params).token);
  if (!previewed.ok) return { title: refusedTitle(previewed.refusal) };
  return { title: pageTitle(message("stopEmail.title"), await readFlash(path)) };
}

/** The page of a link that stops a change of the address: nobody has asked for it in a browser (T2). */
export default async function StopEmailPage({ params }: Props) {
  const { token } = await params;
  const previewed = await preview(token);
  const lifetime = messages().exactDuration(siteConfig().lifetimes.emailChangeNotice);
  return (
    <UndoLink
      token={token}
      previewed={previewed.ok ? ok({ ...previewed.value, sameBrowser: false }) : previewed}
      title={message("stopEmail.title")}
      lead={({ address, askedAt }) =>
        rich("stopEmail.lead", { address, when: <RelativeTime at={askedAt} />, email })
      }
      invalid={message("stopEmail.invalid", { lifetime })}
      otherBrowser={{
        title: message("stopEmail.otherBrowser"),
        text: message("link.otherBrowserHelp"),
      }}
      action={submitEmailChangeStop}
      button={message("stopEmail.submit")}
    />
  );
}
