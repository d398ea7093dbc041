package front

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/auth"
	"framegate/web"
)

// aheadWithin is how long the app's page waits for what it carries: it stands without that, too.
const aheadWithin = 100 * time.Millisecond

// showApp shows the app. For whoever is logged in the page carries what the API answers them
// first; others have theirs ask.
func (f *Front) showApp(w http.ResponseWriter, r *http.Request, _ Visit) error {
	ctx, cancel := context.WithTimeout(r.Context(), aheadWithin)
	defer cancel()
	var answers map[string]json.RawMessage
	if who, err := f.options.Auth.Identify(r.WithContext(ctx), auth.Use{Ways: auth.Control}); err == nil && who.Known() {
		answers = f.answers(api.WithHost(api.WithPrincipal(ctx, who), hostOf(r)))
	}
	f.options.Pages.App(w, r, answers)
	return nil
}

// answers gives what the API answers a principal at web.Answers, but what it refuses, and what is
// not there when ctx is done.
func (f *Front) answers(ctx context.Context) map[string]json.RawMessage {
	answers := make(map[string]json.RawMessage)
	for _, address := range web.Answers {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
		if err != nil {
			panic(err) // these are addresses
		}
		answer := newKept()
		f.options.API.ServeHTTP(answer, r)
		if answer.status == http.StatusOK && ctx.Err() == nil { // who waits for other nodes answers without them in the end
			answers[address] = answer.body.Bytes()
		}
	}
	return answers
}
