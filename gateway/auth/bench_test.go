package auth

import (
	"net/http"
	"testing"
	"time"
)

// BenchmarkIdentify is what each request costs.
func BenchmarkIdentify(b *testing.B) {
	r := newRig(b)
	r.user("anna", "view:front")
	_, token := r.token("nvr", "view:front")
	session := r.login("anna")
	link, err := r.SignLink(b.Context(), r.who(bearer(token)), View, "front", time.Hour)
	must(b, err)
	for name, with := range map[string]func(*http.Request){
		"cookie": cookie(session), "bearer": bearer(token), "basic": basic("anna", good), "link": query(link),
	} {
		b.Run(name, func(b *testing.B) {
			request := request(with)
			for b.Loop() {
				if p, err := r.Identify(request, viewFront); err != nil || !p.Known() {
					b.Fatal(p, err)
				}
			}
		})
	}
}

// BenchmarkAccountRead is what the first request after a change costs.
func BenchmarkAccountRead(b *testing.B) {
	r := newRig(b)
	r.user("anna", "view:front")
	session := r.login("anna")
	request := request(cookie(session))
	for b.Loop() {
		r.accounts = newAccounts(r.store)
		if p, err := r.Identify(request, viewFront); err != nil || !p.Known() {
			b.Fatal(p, err)
		}
	}
}

// BenchmarkRecheck is what Run does each second with 2000 viewers.
func BenchmarkRecheck(b *testing.B) {
	r := newRig(b)
	_, token := r.token("nvr", "view:front")
	p := r.who(bearer(token))
	for range 2000 {
		_, stop := r.Watch(b.Context(), p, View, "front")
		defer stop()
	}
	for b.Loop() {
		must(b, r.recheck(b.Context()))
	}
}
