/**
 * The process that hashes passwords, which `hashing-process.ts` starts. It receives passwords over its pipe
 * only. An open pipe is all that Node waits for here, so it ends with the server, whatever has ended that.
 */
import { hash, verify } from "@node-rs/argon2";

// A signal to the whole process group: the server finishes its requests first, and needs this process.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});

process.on("message", ({ id, work, args }) => {
  const reply = (outcome) =>
    process.connected && process.send({ id, ...outcome }, ignoreClosedPipe);
  (work === "hash" ? hash(...args) : verify(...args)).then(
    (value) => reply({ value }),
    (error) => reply({ error: error.message }),
  );
});

process.send("ready", ignoreClosedPipe);

function ignoreClosedPipe() {}
