import "./keyline.css";
import type { Metadata, Viewport } from "next";
import { connection } from "next/server";
import type { ReactNode } from "react";
import { pageNonce, site } from "@/lib/web/site";

export async function generateMetadata(): Promise<Metadata> {
  await connection();
  const { appName } = site();
  return {
    title: { default: appName, template: `%s · ${appName}` },
    icons: "/icon.svg",
    robots: { index: false, follow: false },
    // Phones would turn codes and IPs into telephone links.
    formatDetection: { telephone: false },
  };
}

export const viewport: Viewport = { colorScheme: "light dark" };

/** Every page is drawn per request: each has a nonce of its own and none may be kept. */
export default async function RootLayout({ children }: { children: ReactNode }) {
  await connection();
  return (
    <html lang="en">
      <body>
        {children}
        <script src="/latchkey.js" nonce={await pageNonce()} defer suppressHydrationWarning />
      </body>
    </html>
  );
}
