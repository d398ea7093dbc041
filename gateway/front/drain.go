package front

import (
	"net/http"
	"time"
)

// Drain has nobody new let in who watches or sends pictures: they are told to come back
// when the server may be there again, which begin then. What is under way goes on, and so
// does the API. It cannot be undone.
func (f *Front) Drain(begin time.Time) { f.drains.Store(&begin) }

// Draining says that Drain was called.
func (f *Front) Draining() bool { return f.drains.Load() != nil }

// Busy counts the requests under way that end by themselves.
func (f *Front) Busy() int { return int(f.busy.Load()) }

// welcoming makes a handle that takes nobody any more once the server drains.
func (f *Front) welcoming(serve Handle) Handle {
	return func(w http.ResponseWriter, r *http.Request, v Visit) error {
		if f.refuseDraining(w) {
			return errDraining
		}
		return serve(w, r, v)
	}
}

// refuseDraining says when to come back, where the server drains.
func (f *Front) refuseDraining(w http.ResponseWriter) bool {
	begin := f.drains.Load()
	if begin == nil {
		return false
	}
	w.Header().Set("Retry-After", seconds(max(time.Until(*begin), time.Second)))
	return true
}

// counted makes a handle of one whose requests end by themselves.
func (f *Front) counted(serve Handle) Handle {
	return func(w http.ResponseWriter, r *http.Request, v Visit) error {
		f.busy.Add(1)
		defer f.busy.Add(-1)
		return serve(w, r, v)
	}
}
