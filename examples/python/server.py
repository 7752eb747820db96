# An app in Python's standard library that asks Latchkey who is signed in.
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import quote, unquote
from urllib.request import Request, urlopen

LATCHKEY = os.environ.get("LATCHKEY", "http://127.0.0.1:3000")  # where it listens
ORIGIN = os.environ.get("ORIGIN", "http://localhost:3000")  # its AUTH_URL
class App(BaseHTTPRequestHandler):
    def do_GET(self):
        post = self.command == "POST"
        if self.path.split("?")[0] != "/":
            return self.respond(404, "The app has no such page.\n")
        # Browsers send the cookie with forms of other ports of this host, too.
        if post and self.headers.get("Origin") != ORIGIN:
            return self.respond(403, "Another site.\n")
        ask = Request(f"{LATCHKEY}/check", headers={"Cookie": self.headers.get("Cookie", "")})
        try:
            with urlopen(ask, timeout=10) as said:
                user = unquote(said.headers["Remote-Email"])
            self.respond(200, f"{'Saved for' if post else 'Hello'} {user}\n")
        except OSError as error:
            if not isinstance(error, HTTPError) or error.code != 401:
                return self.respond(503, "Try again in a few seconds.\n")
            sign_in = None if post else "/sign-in?next=" + quote(self.path, safe="")
            self.respond(401 if post else 302, "Sign in first.\n", sign_in)

    do_POST = do_GET

    def respond(self, status, text, location=None):
        self.send_response(status)
        self.send_header("Cache-Control", "no-store")
        self.send_header(*(("Location", location) if location else ("Content-Type", "text/plain")))
        self.end_headers()
        self.wfile.write(text.encode())

ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "4000"))), App).serve_forever()
