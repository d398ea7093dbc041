package recording

import (
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"framegate/gateway/instant"
	"framegate/gateway/media"
	"framegate/gateway/playback/clip"
	"framegate/gateway/stream"
)

// settles is how long after a moment there may be pictures of it that are not
// written yet.
const settles = 10 * time.Second

// ServePlaylist answers a request with a playlist of HTTP Live Streaming (RFC
// 8216), whose parts Serve gives out. It takes from, to, start and sound. One that reaches
// up to the present, or beyond, grows while it is asked for again, from where it
// began: one that begins so long ago is at another address, to which it is sent.
//
// An error means that nothing was answered, as of Serve.
func (h *Handler) ServePlaylist(w http.ResponseWriter, r *http.Request, camera string, client stream.Client) error {
	now := time.Now()
	q, err := parse(r.URL.Query(), h.options.Zone, now)
	if err != nil {
		return err
	}
	if q.Speed != 1 {
		return fmt.Errorf("%w: a playlist has no speed; recording.mp4 takes one", ErrBadQuery)
	}
	if instant.Relative(r.URL.Query().Get("from")) {
		redirect(w, r.URL.Query(), q.From)
		return nil
	}
	if q.Subtitles != nil {
		return fmt.Errorf("%w: a playlist has no subtitles; recording.mp4 takes them", ErrBadQuery)
	}
	ctx, leave, err := h.play(w, r, camera, client)
	if err != nil {
		return err
	}
	defer leave()
	q.Camera, q.joined = camera, joins(r.UserAgent())
	var parts *clip.Parts
	err = h.look(ctx, func() (err error) {
		parts, err = clip.PartsOf(ctx, h.options.Finder, h.options.Opener, q.Request)
		return err
	})
	if err != nil {
		return err
	}
	for _, f := range parts.Formats {
		if f.Codec == media.JPEG {
			return fmt.Errorf("%w: JPEGs were recorded, which do not go into HLS; recording.mp4 has them", ErrNotMade)
		}
	}
	if len(parts.Parts) == 0 {
		return fmt.Errorf("%w: what is being written has no whole part yet; ask again in some seconds", clip.ErrNothing)
	}
	w.Header().Set("Content-Type", "application/vnd.apple.mpegurl")
	w.Header().Set("Cache-Control", "private, no-cache")
	_, _ = io.WriteString(w, playlist(parts, q, now.Sub(q.To) > settles, permission(r.URL.Query()))) // a client that is gone has nothing to be told
	return nil
}

// redirect sends a client to where a playlist begins with a moment that stays. The
// address is relative, since a proxy may show this one under another.
func redirect(w http.ResponseWriter, values url.Values, from time.Time) {
	values.Set("from", from.UTC().Format(time.RFC3339Nano))
	w.Header().Set("Location", "?"+values.Encode())
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// joins says of a client that parts of one format are given as if nothing were
// missing between them, as by their decode times it is: VLC 3 ends at a
// discontinuity, behind which it looks for what EXT-X-MAP names and does not ask.
func joins(agent string) bool { return strings.HasPrefix(agent, "VLC/3.") }

// permission gives what stands in a signed address, so that it stands in those of
// the parts as well.
func permission(values url.Values) url.Values {
	kept := make(url.Values)
	for _, name := range []string{"exp", "link", "sig"} {
		if values.Has(name) {
			kept[name] = values[name]
		}
	}
	return kept
}

// playlist writes one. Addresses are relative to its own.
func playlist(parts *clip.Parts, q query, ended bool, permission url.Values) string {
	var b strings.Builder
	longest := 10.0 // what is fixed while it grows
	for _, p := range parts.Parts {
		longest = max(longest, math.Ceil(p.Duration.Seconds()))
	}
	kind := "EVENT"
	if ended {
		kind = "VOD"
	}
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%.0f\n#EXT-X-PLAYLIST-TYPE:%s\n#EXT-X-INDEPENDENT-SEGMENTS\n", longest, kind)
	if skip := parts.From.Sub(parts.Parts[0].Begin); q.Exact && skip > 0 {
		fmt.Fprintf(&b, "#EXT-X-START:TIME-OFFSET=%.3f,PRECISE=YES\n", skip.Seconds())
	}
	format := -1
	for i, p := range parts.Parts {
		address := placeValues(p.Place, p.Origin, parts.Sound, permission)
		if i > 0 && (p.Format != format || p.Break && !q.joined) {
			b.WriteString("#EXT-X-DISCONTINUITY\n")
		}
		if p.Format != format {
			format = p.Format
			fmt.Fprintf(&b, "#EXT-X-MAP:URI=\"recording.mp4?init&%s\"\n", address)
		}
		if p.Break {
			fmt.Fprintf(&b, "#EXT-X-PROGRAM-DATE-TIME:%s\n", p.Begin.UTC().Format("2006-01-02T15:04:05.000Z"))
		}
		fmt.Fprintf(&b, "#EXTINF:%.5f,\nrecording.mp4?%s\n", p.Duration.Seconds(), address)
	}
	if ended {
		b.WriteString("#EXT-X-ENDLIST\n")
	}
	return b.String()
}

// placeValues gives the query for a part, with sound of a format where that is not nil.
func placeValues(p clip.Place, origin time.Time, sound *media.Format, permission url.Values) string {
	values := url.Values{
		"segment": {strconv.FormatUint(p.Sequence, 10)},
		"near":    {strconv.FormatInt(p.Near.UnixMicro(), 10)},
		"first":   {strconv.Itoa(p.First)},
		"last":    {strconv.Itoa(p.Last)},
		"origin":  {strconv.FormatInt(origin.UnixMicro(), 10)},
	}
	if sound != nil {
		values.Set("sound", hex.EncodeToString(sound.Config))
	}
	for name, value := range permission {
		values[name] = value
	}
	return values.Encode()
}

// place reads what placeValues wrote.
func place(values url.Values) (p clip.Place, start time.Time, err error) {
	number := func(name string) int64 {
		n, wrong := strconv.ParseInt(values.Get(name), 10, 64)
		if wrong != nil || n < 0 {
			err = fmt.Errorf("%w: %s %.20q is no number; addresses of parts are those of recording.m3u8", ErrBadQuery, name, values.Get(name))
		}
		return n
	}
	p.Sequence = uint64(number("segment"))
	p.Near = time.UnixMicro(number("near"))
	p.First, p.Last = int(number("first")), int(number("last"))
	return p, time.UnixMicro(number("origin")), err
}

// soundOf reads which sound parts are to have, nil for none.
func soundOf(values url.Values) (*media.Format, error) {
	text := values.Get("sound")
	if text == "" {
		return nil, nil
	}
	config, err := hex.DecodeString(text)
	if err == nil {
		var f *media.Format
		if f, err = media.AACFormat(config); err == nil {
			return f, nil
		}
	}
	return nil, fmt.Errorf("%w: sound %.20q is none; addresses of parts are those of recording.m3u8", ErrBadQuery, text)
}

// servePart answers a request with a part of a playlist, or with what goes before
// such parts.
func (h *Handler) servePart(w http.ResponseWriter, r *http.Request, camera string, client stream.Client) error {
	at, start, err := place(r.URL.Query())
	if err != nil {
		return err
	}
	sound, err := soundOf(r.URL.Query())
	if err != nil {
		return err
	}
	ctx, leave, err := h.play(w, r, camera, client)
	if err != nil {
		return err
	}
	defer leave()
	w.Header().Set("Cache-Control", "private, max-age=3600")
	if r.URL.Query().Has("init") {
		b, err := clip.InitOf(ctx, h.options.Finder, camera, at, sound)
		if err == nil {
			w.Header().Set("Content-Type", "video/mp4")
			_, _ = w.Write(b)
		}
		return err
	}
	f, err := clip.OpenPart(ctx, h.options.Finder, h.options.Opener, camera, at, start, sound)
	if err != nil {
		return err
	}
	defer f.Close()
	w.Header().Set("Content-Type", "video/mp4")
	w.Header().Set("Content-Length", strconv.FormatInt(f.Size, 10))
	if r.Method != http.MethodHead {
		_, _ = io.Copy(w, until{ctx, f}) // whoever reads sees that it is too short
	}
	return nil
}
