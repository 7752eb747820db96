import "./keyline.css";
import type { Metadata, Viewport } from "next";
import { connection } from "next/server";
import type { ReactNode } from "react";
import { message, messages } from "@/lib/web/messages";
import { isOwnPage, pageNonce, siteConfig } from "@/lib/web/site";

export async function generateMetadata(): Promise<Metadata> {
  await connection();
  const { appName } = siteConfig();
  return {
    title: { default: appName, template: message("page.title", { title: "%s", appName }) },
    icons: "/latchkey/icon.svg",
    robots: { index: false, follow: false },
    // Phones turn codes and IPs into telephone links.
    formatDetection: { telephone: false },
  };
}

export const viewport: Viewport = { colorScheme: "light dark" };

/**
 * Every page is rendered per request, and none may be cached. Our script runs on our own pages only:
 * the browser submits their forms, while React may submit those of an adopter's page.
 */
export default async function RootLayout({ children }: { children: ReactNode }) {
  await connection();
  const { locale, direction } = messages();
  return (
    <html lang={locale} dir={direction}>
      <body>
        {children}
        {(await isOwnPage()) && (
          <script
            src="/latchkey/latchkey.js"
            nonce={await pageNonce()}
            defer
            suppressHydrationWarning
          />
        )}
      </body>
    </html>
  );
}
