package upload

import (
	"errors"

	"framegate/gateway/media"
	"framegate/gateway/publish"
)

// The limits on publishers by name, as Options.Limited is told of them.
const (
	LimitFrameBytes        = "frame_bytes"
	LimitFramePixels       = "frame_pixels" // those of package media
	LimitPartHeaders       = "part_headers" // what stands between two pictures
	LimitPublisherFPS      = "publisher_fps"
	LimitPublisherBytes    = "publisher_bytes"
	LimitPublisherSound    = "publisher_sound" // packets of it that come too fast
	LimitPostTime          = "post_time"
	LimitPostBytes         = "post_bytes"
	LimitPostsPerAddress   = "posts_per_address"
	LimitWebSocketSilence  = "websocket_silence"
	LimitWebSocketMessages = "websocket_messages" // pings and text of a publisher
)

// LimitNames are the limits that this package knows.
var LimitNames = []string{
	LimitFrameBytes, LimitFramePixels, LimitPartHeaders, LimitPublisherFPS, LimitPublisherBytes, LimitPublisherSound,
	publish.LimitPerCamera, publish.LimitSilence, LimitPostTime, LimitPostBytes, LimitPostsPerAddress,
	LimitWebSocketSilence, LimitWebSocketMessages,
}

// limitError is an error that a limit is the reason of.
type limitError struct {
	limit string
	error
}

func (e *limitError) Unwrap() error { return e.error }

// count counts the hit that err tells of, if it does: once for each publisher,
// where it ends.
func (h *Handler) count(err error) {
	if limited := (*limitError)(nil); errors.As(err, &limited) {
		h.options.Limited(limited.limit)
	}
}

// refuse counts a picture that is not taken.
func (h *Handler) refuse(err error) {
	h.counters.refused.Add(1)
	if errors.Is(err, media.ErrTooManyPixels) {
		h.options.Limited(LimitFramePixels)
	}
}
