import type { ReactNode } from "react";
import { Body, Button, Container, Head, Heading, Html, Preview, Text } from "react-email";
import type { Messages } from "@/messages";
import { richMessage } from "@/messages/rich";
import { LinkLine } from "./link-line";
import { styles } from "./styles";

/** What a letter says, in the order in which it is read. */
export interface LetterContents {
  readonly subject: string;
  /** What lists of emails show beside the subject. */
  readonly preview: string;
  readonly code?: string;
  readonly heading: string;
  readonly lead?: string;
  readonly button?: { readonly label: string; readonly url: string };
  readonly text?: string;
  /** Who did it, and what to do if it was somebody else; maybe with a link. */
  readonly hint: ReactNode;
}

interface LetterProps {
  readonly contents: LetterContents;
  readonly messages: Messages;
  readonly supportEmail: string | undefined;
}

/** Every letter of ours: the code first, where there is one, then what it is about (L10). */
export function LetterTemplate({ contents, messages, supportEmail }: LetterProps) {
  const { preview, code, heading, lead, button, text, hint } = contents;
  return (
    <Html lang={messages.locale} dir={messages.direction}>
      <Head>
        <meta name="color-scheme" content="light dark" />
      </Head>
      <Body style={styles.body}>
        <Preview>{preview}</Preview>
        <Container style={styles.column}>
          {code && (
            <Text style={styles.text}>
              {richMessage(messages, "email.code", {
                number: code,
                code: (number) => (
                  <span style={styles.code} dir="ltr">
                    {number}
                  </span>
                ),
              })}
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
                {richMessage(messages, "email.openLink", { url: <LinkLine url={button.url} /> })}
              </Text>
            </>
          )}
          {text && <Text style={styles.text}>{text}</Text>}
          <Text style={styles.hint}>{hint}</Text>
          {supportEmail && (
            <Text style={styles.hint}>
              {richMessage(messages, "email.support", {
                address: <span dir="ltr">{supportEmail}</span>,
              })}
            </Text>
          )}
        </Container>
      </Body>
    </Html>
  );
}
