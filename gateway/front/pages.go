package front

import "net/http"

// showApp shows the app, which asks the API who looks at it.
func (f *Front) showApp(w http.ResponseWriter, r *http.Request, _ Visit) error {
	f.options.Pages.App(w, r)
	return nil
}
