import type { Metadata } from "next";
import { AnswerNote, titleFor } from "@/app/flash-message";
import { Gate } from "@/app/_ui/signed-out-layout";
import { Reference } from "@/app/request-id";
import { words } from "@/app/words";
import { readFlash } from "@/lib/web/flash";
import { safeNext, withNext } from "@/lib/web/redirects";
import { site } from "@/lib/web/site";

const here = "/sign-in/problem";

export async function generateMetadata(): Promise<Metadata> {
  return { title: titleFor(words.problem.title, await readFlash(here)) };
}

interface Props {
  searchParams: Promise<{ next?: string | string[] }>;
}

/** Why signing in ended, for causes that are told only after the proof, or that no form can mend. */
export default async function ProblemPage({ searchParams }: Props) {
  const { next } = await searchParams;
  const flash = await readFlash(here);
  const { appName, supportEmail } = site();
  return (
    <Gate appName={appName} title={words.problem.title}>
      {flash.refusal ? <AnswerNote flash={flash} /> : <p>{words.problem.nothing}</p>}
      {flash.refusal && supportEmail && (
        <p>
          {words.problem.support} <a href={`mailto:${supportEmail}`}>{supportEmail}</a>.
        </p>
      )}
      <p>
        <a href={withNext("/sign-in", next === undefined ? "" : safeNext(next))}>
          {words.problem.back}
        </a>
      </p>
      <Reference id={flash.refusal?.reference} />
    </Gate>
  );
}
