/** Rendered by the build, because it reads nothing of the request. */
export default function Page() {
  return <p>Static.</p>;
}
