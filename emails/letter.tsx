import { Body, Button, Container, Head, Heading, Html, Link, Preview, Text } from "react-email";
import { styles } from "./styles";

/** What a letter says, in the order in which it is read. */
export interface LetterWords {
  readonly subject: string;
  /** What lists of mails show beside the subject. */
  readonly preview: string;
  readonly code?: string;
  readonly heading: string;
  readonly lead?: string;
  readonly button?: { readonly label: string; readonly url: string };
  readonly text?: string;
  /** Who did it, and what to do if it was somebody else. */
  readonly hint: string;
}

interface LetterProps {
  readonly words: LetterWords;
  readonly supportEmail: string | undefined;
}

/** Every letter of ours: the code first, where there is one, then what it is about (L10). */
export function LetterTemplate({ words, supportEmail }: LetterProps) {
  const { preview, code, heading, lead, button, text, hint } = words;
  return (
    <Html lang="en" dir="ltr">
      <Head>
        <meta name="color-scheme" content="light dark" />
      </Head>
      <Body style={styles.body}>
        <Preview>{preview}</Preview>
        <Container style={styles.column}>
          {code && (
            <Text style={styles.text}>
              Your code is <span style={styles.code}>{code}</span>
            </Text>
          )}
          <Heading style={styles.heading}>{heading}</Heading>
          {lead && <Text style={styles.text}>{lead}</Text>}
          {button && (
            <>
              <Button href={button.url} style={styles.button} data-skip-in-text="true">
                {button.label}
              </Button>
              <Text style={styles.text}>
                Or open this link:
                <br />
                <Link href={button.url} style={styles.url}>
                  {button.url}
                </Link>
              </Text>
            </>
          )}
          {text && <Text style={styles.text}>{text}</Text>}
          <Text style={styles.hint}>{hint}</Text>
          {supportEmail && <Text style={styles.hint}>Questions? Write to {supportEmail}.</Text>}
        </Container>
      </Body>
    </Html>
  );
}
