package thumbnails

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"framegate/gateway/stream"
)

// ErrBadQuery says what is wrong with what was asked for.
var ErrBadQuery = errors.New("bad query")

// lasts is how long browsers may keep what never changes; not for ever, since
// recordings are deleted. What is being written may get another time yet.
const lasts = "private, max-age=604800, immutable"

// Serve answers a client's request for the thumbnail of a moment (at=). An error means that
// nothing was answered.
func (m *Maker) Serve(w http.ResponseWriter, r *http.Request, camera string, client stream.Client) error {
	at, err := momentOf(r.URL.Query().Get("at"))
	if err != nil {
		return err
	}
	p, lasting, err := m.Picture(r.Context(), client, camera, at)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("ETag", fmt.Sprintf(`"%08x-%x"`, p.Sum(), len(p.Data)))
	h.Set("Cache-Control", "private, no-cache")
	if lasting {
		h.Set("Cache-Control", lasts)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.Data))
	return nil
}

// momentOf reads a time. A plus in an address is a blank, unless it is written as
// %2B.
func momentOf(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, strings.ReplaceAll(text, " ", "+"))
	if err != nil || t.Year() < 1970 || t.Year() > 9998 {
		return t, fmt.Errorf("%w: at must be a time such as 2026-11-20T14:05:10Z or 2026-11-20T15:05:10%%2B01:00, from 1970 on", ErrBadQuery)
	}
	return t, nil
}
