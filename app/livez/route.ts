/** The process responds. It checks nothing else: a database outage must not restart the process (X4). */
export const GET = () => new Response("ok\n", { headers: { "Cache-Control": "no-store" } });
