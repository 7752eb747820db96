/**
 * Loaded before a program (`node --import`) that `spawnFollower` starts: ends it when the process that
 * started it has ended, however that ended. SIGKILL and SIGQUIT leave a process no time to say so.
 */
const isFollower = process.env.LATCHKEY_FOLLOWER !== undefined;
// A program's own children load this file too, and are the program's to end.
delete process.env.LATCHKEY_FOLLOWER;

if (isFollower) {
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
  // The channel must not keep a program running that has finished.
  process.channel?.unref();
}
