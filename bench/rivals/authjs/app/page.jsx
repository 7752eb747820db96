import { auth } from "../auth";

export default async function Page() {
  const session = await auth();
  return <p>{session ? session.user.email : "Nobody is signed in."}</p>;
}
