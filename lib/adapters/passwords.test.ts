import { describe, expect, test } from "vitest";
import type { Log } from "@/lib/runtime/ports";
import { bounds } from "@/lib/core/policy";
import { testEnv } from "@/test/support/world";
import { userInputsFrom } from "./user-inputs";
import { createPasswords } from "./passwords";

/** The reasons against choosing a password (P6). */

const known = ["ada.lovelace@example.com", "Latchkey"];
const log: Log = { info() {}, warn() {}, error() {} };
const { checkStrength } = createPasswords(testEnv(), log);
const verdict = async (password: string, userInputs = known) => {
  const result = await checkStrength(password, userInputs);
  return result.ok ? "taken" : result.refusal.code;
};

test.each([
  ["11 letters", "kqzvtxwmrbp", "password_too_short"],
  ["12 letters", "kqzvtxwmrbpj", "taken"],
  ["11 emoji, which are 22 units", "🐴🔋📎✅🌙🎻🧲🦑🪁🛶🧊", "password_too_short"],
  ["nothing", "", "password_too_short"],
])("%s", async (_, password, outcome) => {
  expect(await verdict(password)).toBe(outcome);
});

test("the operator sets the minimum length, and the message states it", async () => {
  const { checkStrength } = createPasswords(testEnv({ PASSWORD_MIN_LENGTH: "15" }), log);
  expect(await checkStrength("kqzvtxwmrbpjaa", known)).toEqual({
    ok: false,
    refusal: { code: "password_too_short", field: "password", minLength: 15 },
  });
});

test.each([
  "correct horse battery staple",
  "correcthorsebatterystaple",
  "kqzvtxwmrbpj",
  "xkcdzyqwpmnb",
  "WRON6JfXkMk8",
  "h7Gq-2mNx-9Lw",
  "390262706f28",
  "4917 2083 6650 1",
  "barbell glue feel",
  "zit-bucktooth-mule",
  "justifier smirk sled otter",
  "to be or not to be",
  "the kettle sings in Finnish",
  "I bought 3 lemons on Tuesday",
  "my dog ate the second sofa",
  "purple elephants dislike jazz",
  "wet gravel, warm bread",
  "no one reads the manual",
  "Nothing beats a rainy Sunday!",
  "seven crooked spoons",
  "jeden tag ein anderes brot",
  "Straßenbahn im Nebel um vier",
  "le chat boit du café froid",
  "mañana llueve en el jardín",
  "kissa istuu hiljaa katolla",
  "çay bardağı ince belli olur",
  "правильная лошадь батарея скоба",
  "мы едем на дачу в пятницу",
  "καφές χωρίς ζάχαρη σήμερα",
  "सही घोड़ा बैटरी स्टेपल",
  "حصان صحيح بطارية دبوس",
  "סוס נכון סוללה מהדק",
  "正しい馬と電池とホチキスの夜",
  "正确的马和电池以及订书钉",
  "올바른 말 배터리 스테이플",
  "ม้าถูกต้องแบตเตอรี่ลวดเย็บ",
  "🐴🔋📎✅🌙🎻🧲🦑🪁🛶🧊🥨",
  "🦊 jumps over 🐕 twice",
  "'; drop table users; --",
  "<script>alert(1)</script>",
  "constructor of bridges, retired",
  "x".repeat(8) + " marks the odd spot",
  "ada likes her kettle loud",
  "the key to the garden shed",
  "a long one ".repeat(2) + "about trams and lemons".repeat(40),
])("accepted: %s", async (password) => {
  expect(await verdict(password)).toBe("taken");
});

test.each([
  "password1234",
  "Password123!",
  "passwordpassword",
  "passwordpassword1!",
  "drowssap4321",
  "4321drowssap",
  "Passw0rd!2024",
  "P@ssw0rd1234",
  "P@$$w0rd2024",
  "p4ssw0rdp4ssw0rd",
  "qwertyuiop12",
  "Qwerty123456!",
  "qwertyqwerty",
  "asdfghjkl123",
  "zxcvbnm12345",
  "1q2w3e4r5t6y",
  "1qaz2wsx3edc",
  "poiuytrewqas",
  "hjkl;'lkjhgf",
  "cvbnm,.poiuy",
  "aaaaaaaaaaaa",
  "a".repeat(1_024),
  "ab".repeat(512),
  "abcabcabcabc",
  "abcdefghijkl",
  "111111222222",
  "121212121212",
  "000000000000",
  "123456789012",
  "19900101abcd",
  "iloveyou1234",
  "ILOVEYOU1234",
  "1l0vey0u1234",
  "iloveyou!!!!",
  "letmeinletmein",
  "letmein123456",
  "trustno1trustno1",
  "dragondragon",
  "monkey123456",
  "m0nk3y123456",
  "sunshine2024",
  "Summer2024!!",
  "Winter2024??",
  "monday2024!!",
  "December2023",
  "Welcome12345",
  "Football2023!",
  "Liverpool2023",
  "charlie12345",
  "jennifer1985",
  "MichaelJackson",
  "januaryfebruary",
  "onetwothreefour",
  "administrator",
  "changeme1234",
  "constructor12",
  "__proto____proto__",
  "🐴🐴🐴🐴🐴🐴🐴🐴🐴🐴🐴🐴",
  "ммммммммммммм",
])("too easy to guess: %s", async (password) => {
  expect(await verdict(password)).toBe("password_common");
});

describe("a password made of what others know about the person", () => {
  test.each([
    "ada.lovelace",
    "adalovelace12",
    "AdaLovelace2024",
    "ADA LOVELACE!",
    "lovelace-ada-12",
    "lovelaceada123",
    "lovelace1815",
    "lovelacelovelace",
    "lovelace!!!!",
    "Lovelace12345",
    "4d4l0v3l4c31",
    "ecalevoladaaa",
    "1234lovelace",
    "ada.lovelace@example.com",
    "ada.lovelace@example.com1",
    "ada@example.com",
    "lovelace@example",
    "example.com2024",
    "example12345",
    "Example!Example!",
    "examplepassword",
    "adaexample2024",
    "ada-lovelace-latchkey",
    "ada.lovelace.latchkey.2024",
    "latchkey2024",
    "Latchkey2024!",
    "latchkey1234",
    "L4tchk3y2024",
    "latchkeylatchkey",
    "mylatchkey123",
    "latchkeypassword",
    "password-latchkey",
    "welcome latchkey",
    "LatchkeyAda2024",
    "latchkey.example.com",
    "yekhctal2024",
    "lovelace qwerty",
    "qwertylovelace1",
    "adaadaadaada",
    "adaadaada123",
    "adadotlovelace",
    "lovelace".repeat(128),
  ])("%s", async (password) => {
    expect(await verdict(password)).toBe("password_personal");
  });

  test.each([
    ["leo1985@mail.example.co.uk", "leo1985leo1985", "password_personal"],
    ["leo1985@mail.example.co.uk", "leo1985mail!", "password_personal"],
    ["o'neil+shop@example.com", "oneil-shop-12", "password_personal"],
    ["jürgen.groß@example.com", "JÜRGENGROSS1!", "password_personal"],
    ["jürgen.groß@example.com", "JürgenGroß123", "password_personal"],
    ["ада.лавлейс@example.com", "АдаЛавлейс2024", "password_personal"],
    // A word too short to tell from chance, one that hides the easy part, and one that is a small
    // part.
    ["an@t.co", "canned anchovies and tango", "taken"],
    ["swo@example.com", "password1234", "password_common"],
    ["ada@example.com", "ada1234567890", "password_common"],
  ])("for %s: %s", async (email, password, outcome) => {
    expect(await verdict(password, [email, "Latchkey"])).toBe(outcome);
  });

  test("one person may use a password that is too personal for another", async () => {
    const userInputs = ["leo@example.org", "Elsewhere"];
    expect(await verdict("ada.lovelace.latchkey.2024", userInputs)).toBe("taken");
  });

  test("finds the words of an address and of a name", () => {
    expect(userInputsFrom(["Ada.Love-lace1815+x@mail.example.com"])).toEqual([
      "ada.love-lace1815+x@mail.example.com",
      "ada.love-lace1815+x",
      "mail.example.com",
      "adalovelacex",
      "example",
      "mail",
      "love",
      "lace",
      "ada",
    ]);
    expect(userInputsFrom(["Ada & Friends, Ltd."])).toEqual([
      "ada & friends, ltd.",
      "adafriendsltd",
      "friends",
      "ada",
      "ltd",
    ]);
    expect(userInputsFrom(["", "@", "a@b"])).toEqual(["a@b"]);
  });
});

test("the strength check has a bounded cost, wherever the password ends", async () => {
  const easy = "ab".repeat(bounds.strengthLength / 2);
  expect(await verdict(`${easy}kqzvtxwmrbpj`)).toBe("password_common");
  expect(await verdict(`${easy.slice(2)} kqzvtxwmrbpj`)).toBe("password_common");
  expect(await verdict(`${easy.slice(12)}kqzvtxwmrbpj`)).toBe("taken");
});
