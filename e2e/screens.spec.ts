import { lookAt } from "./support/screens";
import { expect, test } from "./support/test";

const PHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
const LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

test.describe("Screens @once", () => {
  test.setTimeout(90_000);

  test("of signing in", async ({ ada, another }) => {
    const wrong: string[] = [];
    const look = async (name: string) => wrong.push(...(await lookAt(ada.page, name)));
    await ada.open("/sign-in");
    await look("sign-in");
    await ada.asks({}, "ada@example");
    await ada.sees("Enter an email address");
    await look("sign-in-error");
    const { link, code } = await ada.getsALetter();
    await look("check");
    await ada.types(String((Number(code) + 1) % 1_000_000).padStart(6, "0"));
    await ada.sees("That code is not right");
    await look("check-error");
    await ada.open(link);
    await ada.seesTitle("Sign in to Latchkey?");
    await look("confirm");
    const phone = await another(ada);
    await phone.open(link);
    await phone.sees("Type the whole address");
    wrong.push(...(await lookAt(phone.page, "confirm-other-browser")));
    expect(wrong).toEqual([]);
  });

  test("of what went wrong", async ({ ada, db }) => {
    const wrong: string[] = [];
    const look = async (name: string) => wrong.push(...(await lookAt(ada.page, name)));
    await ada.open("/l/unknown");
    await look("dead-link");
    await ada.open("/l");
    await look("reopen");
    await ada.open("/unavailable");
    await look("unavailable");
    await ada.open("/nothing/here");
    await look("not-found");
    await ada.open("/failed?reference=00000000-0000-4000-8000-000000000000");
    await look("failed");
    await ada.signsIn();
    await db.sql`update users set disabled_at = now() where email = ${ada.email}`;
    await db.clearLimits();
    const { link } = await ada.getsALetter();
    await ada.open(link);
    await ada.press("Sign in");
    await ada.isAt("/sign-in/problem");
    await look("problem");
    expect(wrong).toEqual([]);
  });

  test("of the account", async ({ ada, leo, another, db }) => {
    const wrong: string[] = [];
    const look = async (name: string) => wrong.push(...(await lookAt(ada.page, name)));
    await (await another(ada, PHONE)).signsIn();
    await (await another(ada, LAPTOP)).signsIn();
    await ada.signsIn();
    await look("account");
    await ada.open("/account/methods");
    await look("methods");
    await ada.open("/account/sessions");
    await expect(ada.page.getByRole("listitem")).toHaveCount(3);
    await look("sessions");
    await ada.open("/account/sessions/sign-out-others");
    await look("sign-out-others");
    await ada.open((await leo.getsALetter()).link);
    await ada.sees("You are signed in as");
    await look("confirm-switch");
    await db.sql`insert into outbox (kind, to_address, state, reason, done_at)
      values ('magic_link', ${ada.email}, 'dead', 'over_limit', now())`;
    await ada.open("/mailbox");
    await ada.sees("over the limit");
    await look("mailbox");
    expect(wrong).toEqual([]);
  });
});
