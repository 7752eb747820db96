// An app in Go that asks Latchkey who is signed in: go run main.go. Behind a proxy on its origin.
package main

import ("fmt"; "net/http"; "net/url"; "time")

var client = http.Client{Timeout: 10 * time.Second}

const latchkey, origin = "http://127.0.0.1:3000", "http://localhost:3000" // where it listens, AUTH_URL

// check returns the status of Latchkey's check and the address of the user.
func check(r *http.Request) (int, string) {
	ask, _ := http.NewRequest("GET", latchkey+"/check", nil)
	ask.Header.Set("Cookie", r.Header.Get("Cookie"))
	response, err := client.Do(ask)
	if err != nil {
		return 503, ""
	}
	response.Body.Close()
	email, _ := url.PathUnescape(response.Header.Get("Remote-Email"))
	return response.StatusCode, email
}

func main() {
	http.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		// Browsers send the cookie with forms of other ports of this host, too.
		if r.Method == "POST" && r.Header.Get("Origin") != origin {
			http.Error(w, "Another site.", 403)
		} else if status, email := check(r); status == 204 {
			w.Header().Set("Cache-Control", "no-store")
			fmt.Fprintln(w, "Hello", email)
		} else if status == 401 && r.Method == "GET" {
			http.Redirect(w, r, "/sign-in?next="+url.QueryEscape(r.URL.RequestURI()), 302)
		} else {
			http.Error(w, "Sign in first, or try again in a few seconds.", status)
		}
	})
	http.ListenAndServe("127.0.0.1:4000", nil)
}
