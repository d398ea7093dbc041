package sse

import (
	"encoding/base64"
	"strconv"
	"sync"
	"time"

	"framegate/gateway/media"
)

// feed makes the events of one stream's frames, each once, and keeps the
// newest for those viewers that come to it later. Older ones live as long as
// somebody still writes them. It lives while viewers read the stream; another
// stream of the same key, in which Seq begins again, has another.
type feed struct {
	viewers int // guarded by the handler's lock

	mu    sync.Mutex // guards what follows; held while an event is made, so that the others wait for it
	seq   uint64     // the frame of event
	event []byte     // never changed once made
	made  uint64     // events so far
}

// get gives the event of a frame, or of a newer one where there is one
// already, and that frame's Seq. The event must not be changed.
func (f *feed) get(frame *media.Frame) ([]byte, uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if frame.Seq > f.seq {
		room := maxEventHead + base64.StdEncoding.EncodedLen(len(frame.Data))
		f.event = appendFrame(make([]byte, 0, room), frame)
		f.seq = frame.Seq
		f.made++
	}
	return f.event, f.seq
}

// maxEventHead is more than an event has bytes besides the picture: two
// numbers of 20 digits, two of 19 and a time, and the words between them.
const maxEventHead = 256

// appendFrame appends the event of a frame.
func appendFrame(b []byte, f *media.Frame) []byte {
	b = append(b, "id: "...)
	b = strconv.AppendUint(b, f.Seq, 10)
	b = append(b, "\nevent: frame\ndata: {\"seq\":"...)
	b = strconv.AppendUint(b, f.Seq, 10)
	b = append(b, `,"ts":`...)
	b = appendSeconds(b, f.Wall)
	b = append(b, `,"width":`...)
	b = strconv.AppendInt(b, int64(f.Format.Width), 10)
	b = append(b, `,"height":`...)
	b = strconv.AppendInt(b, int64(f.Format.Height), 10)
	b = append(b, `,"mime":"image/jpeg","data":"`...)
	b = base64.StdEncoding.AppendEncode(b, f.Data)
	return append(b, "\"}\n\n"...)
}

// appendSeconds appends seconds since 1970 with six decimals. A float64 holds
// that exactly enough to give the microseconds back.
func appendSeconds(b []byte, t time.Time) []byte {
	micros := t.UnixMicro()
	b = strconv.AppendInt(b, micros/1e6, 10)
	fraction := strconv.AppendInt(b, 1e6+micros%1e6, 10) // its leading 1 keeps the zeros behind it
	fraction[len(b)] = '.'
	return fraction
}
