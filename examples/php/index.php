<?php
// An app in PHP that asks Latchkey who is signed in: php -S 127.0.0.1:4000 index.php.
// Behind a proxy on its origin.
$latchkey = getenv('LATCHKEY') ?: 'http://127.0.0.1:3000'; // where it listens
$origin = getenv('ORIGIN') ?: 'http://localhost:3000'; // its AUTH_URL

/** The status of Latchkey's check, and the address of the user. */
function check(string $latchkey): array
{
    $cookie = $_SERVER['HTTP_COOKIE'] ?? '';
    $context = stream_context_create(['http' => ['header' => "Cookie: $cookie", 'ignore_errors' => true]]);
    $body = @file_get_contents("$latchkey/check", false, $context);
    if ($body === false) return [503, ''];
    $status = (int) explode(' ', $http_response_header[0])[1];
    foreach ($http_response_header as $header)
        if (stripos($header, 'Remote-Email:') === 0)
            return [$status, rawurldecode(trim(substr($header, strlen('Remote-Email:'))))];
    return [$status, ''];
}

header('Content-Type: text/plain; charset=utf-8');
header('Cache-Control: no-store');
$isPost = $_SERVER['REQUEST_METHOD'] === 'POST';
// Browsers send the cookie with forms of other ports of this host, too.
if ($isPost && ($_SERVER['HTTP_ORIGIN'] ?? '') !== $origin) {
    http_response_code(403);
    exit("Another site.\n");
}
[$status, $email] = check($latchkey);
if ($status === 204) exit(($isPost ? 'Saved for' : 'Hello') . " $email\n");
if ($status === 401 && !$isPost) {
    header('Location: /sign-in?next=' . rawurlencode($_SERVER['REQUEST_URI']), true, 302);
    exit;
}
http_response_code($status);
echo "Sign in first, or try again in a few seconds.\n";
