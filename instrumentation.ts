/** Next calls this once before Next handles requests. Ends the process when the server cannot start. */
export async function register() {
  if (process.env.NEXT_RUNTIME !== "nodejs") return;
  const { start } = await import("./lib/server/start");
  await start();
}
