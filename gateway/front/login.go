package front

import "net/http"

func (f *Front) logOut(w http.ResponseWriter, r *http.Request, _ Visit) error {
	if err := f.options.Auth.Logout(w, r); err != nil {
		return err
	}
	sendTo(w, r, "/login", http.StatusSeeOther)
	return nil
}
