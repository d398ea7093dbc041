package thumbnails

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"time"

	"framegate/gateway/instant"
	"framegate/gateway/ranges"
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
	text := r.URL.Query().Get("at")
	at, err := instant.Parse(text, time.Now())
	if err != nil {
		return fmt.Errorf("%w: at %w", ErrBadQuery, err)
	}
	p, lasting, err := m.Picture(r.Context(), client, camera, at)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("ETag", fmt.Sprintf(`"%08x-%x"`, p.Sum(), len(p.Data)))
	h.Set("Cache-Control", "private, no-cache")
	if lasting && !instant.Relative(text) {
		h.Set("Cache-Control", lasts)
	}
	ranges.Serve(w, r, bytes.NewReader(p.Data))
	return nil
}
