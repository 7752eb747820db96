import { readSession } from "../session";

export default async function Page() {
  const session = await readSession();
  return <p>{session ? session.email : "Nobody is signed in."}</p>;
}
