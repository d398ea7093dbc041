package front

import (
	"context"
	"net/http"
	"time"

	"framegate/gateway/auth"
)

// knownWithin is how long the app's page waits to learn who asks for it: it stands without that, too.
const knownWithin = 100 * time.Millisecond

// showApp shows the app, which asks the API who looks at it. Whoever is logged in has
// their browser ask for more of it ahead, which others would be refused.
func (f *Front) showApp(w http.ResponseWriter, r *http.Request, _ Visit) error {
	ctx, cancel := context.WithTimeout(r.Context(), knownWithin)
	defer cancel()
	who, err := f.options.Auth.Identify(r.WithContext(ctx), auth.Use{Ways: auth.Control})
	f.options.Pages.App(w, r, err == nil && who.Known())
	return nil
}
