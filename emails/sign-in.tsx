import { Body, Button, Container, Head, Heading, Html, Link, Preview, Text } from "react-email";
import { exactly } from "@/lib/duration";
import type { Letter } from "@/lib/letters";
import type { LetterFacts } from "./facts";
import { styles } from "./styles";

interface SignInProps {
  readonly appName: string;
  readonly supportEmail: string | undefined;
  readonly code: string;
  readonly url: string;
  readonly newHere: boolean;
  readonly browser: string;
  readonly askedAt: string;
  readonly linkEnds: string;
  readonly codeEnds: string;
}

/** Puts a letter's data into the words of the template: links from the origin alone, ends as time and as duration. */
export function signInFacts(letter: Letter, facts: LetterFacts): SignInProps {
  const ends = (length: (typeof facts.lifetimes)["magicLink"]) =>
    `${exactly(length)} (until ${clockTime(new Date(facts.now.getTime() + length * 1000))})`;
  return {
    appName: facts.appName,
    supportEmail: facts.supportEmail,
    code: letter.code,
    url: `${facts.origin}/l/${letter.token}`,
    newHere: letter.kind === "sign_up_link",
    browser: letter.browser,
    askedAt: clockTime(new Date(letter.askedAt)),
    linkEnds: ends(facts.lifetimes.magicLink),
    codeEnds: ends(facts.lifetimes.emailCode),
  };
}

const clockTime = (at: Date) =>
  `${at.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" })} UTC`;

/** The sign-in mail (L10): code first, then the button, then when it ends and who asked. */
export function SignIn(letter: SignInProps) {
  return (
    <Html lang="en" dir="ltr">
      <Head>
        <meta name="color-scheme" content="light dark" />
      </Head>
      <Body style={styles.body}>
        <Preview>{`${letter.code} is your code for ${letter.appName}`}</Preview>
        <Container style={styles.column}>
          <Text style={styles.text}>
            Your code is <span style={styles.code}>{letter.code}</span>
          </Text>
          <Heading style={styles.heading}>Sign in to {letter.appName}</Heading>
          {letter.newHere && (
            <Text style={styles.text}>
              There is no account for this address yet. Signing in creates it.
            </Text>
          )}
          <Button href={letter.url} style={styles.button} data-skip-in-text="true">
            Sign in to {letter.appName}
          </Button>
          <Text style={styles.text}>
            Or open this link:
            <br />
            <Link href={letter.url} style={styles.url}>
              {letter.url}
            </Link>
          </Text>
          <Text style={styles.text}>
            The link works once, for {letter.linkEnds}. The code works for {letter.codeEnds}, in the
            browser that asked.
          </Text>
          <Text style={styles.hint}>
            Asked for from {letter.browser} on {letter.askedAt}. If this wasn’t you, ignore this
            email.
          </Text>
          {letter.supportEmail && (
            <Text style={styles.hint}>Questions? Write to {letter.supportEmail}.</Text>
          )}
        </Container>
      </Body>
    </Html>
  );
}
