import { expect, test } from "vitest";
import { lifetimes } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { setUpWorld } from "@/test/support/setup";
import { newEmail, started } from "@/test/support/staff-email-changes";
import { readStaffEmailChange } from "./read-staff-email-change";

const world = await setUpWorld();

test("the owner sees a change once it has a date, and nobody else does", async () => {
  const { home, confirm } = await started(world);
  expect(await home.run(readStaffEmailChange)).toEqual({ ok: true, value: null });
  await confirm();
  const read = await home.run(readStaffEmailChange);
  expect(read).toMatchObject({ value: { newEmail } });
  const at = (read.ok && read.value?.at.getTime()) || 0;
  expect(Math.abs(at - Date.now() - lifetimes.emailChangeNotice * 1000)).toBeLessThan(60_000);
  const leo = new Browser(world);
  await leo.signIn("leo@example.com");
  expect(await leo.run(readStaffEmailChange)).toEqual({ ok: true, value: null });
});
