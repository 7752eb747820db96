import { site } from "@/lib/web/site";
import { Gate } from "./_ui/signed-out-layout";
import { words } from "./words";

export default function NotFound() {
  return (
    <Gate appName={site().appName} title={words.notFound.title}>
      <p>{words.notFound.lead}</p>
      <p>
        <a href="/">{words.notFound.back}</a>
      </p>
    </Gate>
  );
}
