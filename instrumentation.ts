/** Runs once before the server takes requests; where something stands in the way it says so and ends. */
export async function register() {
  if (process.env.NEXT_RUNTIME !== "nodejs") return;
  const { start } = await import("./lib/server/start");
  await start();
}
