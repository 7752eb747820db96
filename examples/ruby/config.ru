# An app in Ruby that asks Latchkey who is signed in: rackup -p 4000. Behind a proxy on its origin.
require "net/http"
require "uri"

LATCHKEY = URI(ENV.fetch("LATCHKEY", "http://127.0.0.1:3000")) # where it listens
ORIGIN = ENV.fetch("ORIGIN", "http://localhost:3000") # its AUTH_URL

# The address of the user; nil for nobody.
def user_of(env)
  response = Net::HTTP.start(LATCHKEY.host, LATCHKEY.port) do |http|
    http.get("/check", "Cookie" => env.fetch("HTTP_COOKIE", ""))
  end
  case response.code
  when "204" then URI.decode_uri_component(response["Remote-Email"])
  when "401" then nil
  else raise "/check: #{response.code}"
  end
end

def page(env)
  return [404, {}, ["The app has no such page.\n"]] unless env["PATH_INFO"] == "/"
  # Browsers send the cookie with forms of other ports of this host, too.
  post = env["REQUEST_METHOD"] == "POST"
  return [403, {}, ["Another site.\n"]] if post && env["HTTP_ORIGIN"] != ORIGIN
  user = user_of(env)
  return [200, { "cache-control" => "no-store" }, ["#{post ? 'Saved for' : 'Hello'} #{user}\n"]] if user
  return [401, {}, ["Sign in first.\n"]] if post
  [302, { "location" => "/sign-in?next=%2F" }, []]
rescue StandardError
  [503, { "retry-after" => "5" }, ["Try again in a few seconds.\n"]]
end

run ->(env) { page(env) }
