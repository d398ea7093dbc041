package server

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/auth"
	"framegate/gateway/delivery"
	"framegate/gateway/front"
	"framegate/gateway/input/upload"
	"framegate/gateway/media"
	"framegate/gateway/output/live"
	"framegate/gateway/output/mjpeg"
	"framegate/gateway/output/moment"
	"framegate/gateway/output/recording"
	"framegate/gateway/output/replay"
	"framegate/gateway/output/snapshot"
	"framegate/gateway/output/sse"
	"framegate/gateway/output/whep"
	"framegate/gateway/playback"
	"framegate/gateway/publish"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
)

// newForms makes every form in which pictures go out or come in. A new one is a
// row here.
func (s *server) newForms() []front.Form {
	options := delivery.Options{Hub: s.hub, Patience: s.settings().Limits.ViewerPatience, Limited: s.hits.Hit, Log: s.Log}
	relay, player, events, still := mjpeg.New(options), live.New(options), sse.New(options), snapshot.New(s.hub)
	clips, replays := s.newClips(), s.newReplays(options)
	viewers := whep.New(whep.Options{Options: options, Port: s.webrtc})
	return slices.Concat([]front.Form{
		{Method: "GET", Address: "/live/{id}", Action: auth.View, Link: "socket", Serve: s.socket(player, viewers, s.lookBack(replays)), Close: player.Close, Limits: live.LimitNames, Refusals: []front.Refusal{
			{Err: live.ErrNotWebSocket, Status: http.StatusUpgradeRequired},
			{Err: live.ErrBadCodec, Status: http.StatusUnprocessableEntity},
		}},
		{Method: "GET", Address: "/live/{id}.mjpeg", Action: auth.View, Link: "mjpeg", Serve: s.sending(".mjpeg", s.pictures(s.encoded(relay.Serve))), Close: relay.Close, Limits: delivery.LimitNames, Refusals: []front.Refusal{
			{Err: mjpeg.ErrBadQuery, Status: http.StatusBadRequest},
		}},
		{Method: "GET", Address: "/stream", Action: auth.View, Serve: s.sending(".mjpeg", s.pictures(s.encoded(relay.Serve)))},
		{Method: "GET", Address: "/live/{id}.jpg", Action: auth.View, Link: "jpeg", Ends: true, Serve: s.pictures(still.Serve), Refusals: []front.Refusal{
			{Err: snapshot.ErrBadQuery, Status: http.StatusBadRequest},
			{Err: snapshot.ErrNoFrame, Status: http.StatusGatewayTimeout},
		}},
		{Method: "GET", Address: "/live/{id}.mp4", Action: auth.View, Link: "mp4", Serve: s.sending(".mp4", s.movie(player))},
		{Method: "GET", Address: "/live/{id}.sse", Action: auth.View, Link: "sse", Serve: s.sending(".sse", s.events(s.encoded(events.Serve))), Close: events.Close, Limits: delivery.LimitNames},
		{Method: "GET", Address: "/live/{id}/nodes", Action: auth.View, Link: s.ifNode("nodes"), Ends: true, Serve: s.nodes},
		{Method: "GET", Address: "/live/{id}/recording.mp4", Action: auth.Playback, Link: "recording_mp4", Ends: true, Serve: s.cutOfAll(clips.Serve), Close: clips.Close, Limits: recording.LimitNames, Refusals: clipRefusals},
		{Method: "GET", Address: "/live/{id}/recording.m3u8", Action: auth.Playback, Link: "recording_hls", Ends: true, Serve: s.cutOfAll(clips.ServePlaylist)},
		{Method: "GET", Address: "/live/{id}/recording.jpg", Action: auth.Playback, Link: "recording_jpeg", Ends: true, Serve: s.moment(moment.New(moment.Options{Library: s.library(), Still: s.still, Limited: s.hits.Hit, Log: s.Log})), Limits: moment.LimitNames, Refusals: []front.Refusal{
			{Err: moment.ErrBadQuery, Status: http.StatusBadRequest},
			{Err: moment.ErrUnreadable, Status: http.StatusServiceUnavailable},
			{Err: moment.ErrBusy, Status: http.StatusServiceUnavailable},
			{Err: moment.ErrLate, Status: http.StatusGatewayTimeout},
			{Err: playback.ErrNothing, Status: http.StatusNotFound},
			{Err: playback.ErrMissing, Status: http.StatusServiceUnavailable},
		}},
		{Method: "GET", Address: "/live/{id}/recording.mjpeg", Action: auth.Playback, Link: "recording_mjpeg", Serve: s.replay(0, replays.As(func(o delivery.Options) replay.Output { return mjpeg.New(o) })), Close: replays.Close, Limits: replay.LimitNames, Refusals: []front.Refusal{
			{Err: replay.ErrBadQuery, Status: http.StatusBadRequest},
			{Err: playback.ErrRate, Status: http.StatusBadRequest},
			{Err: replay.ErrBusy, Status: http.StatusServiceUnavailable},
		}},
		{Method: "GET", Address: "/live/{id}/recording.sse", Action: auth.Playback, Link: "recording_sse", Serve: s.replay(sse.Rate(0), replays.As(func(o delivery.Options) replay.Output { return sse.New(o) }))},
		{Method: "GET", Address: "/live/{id}/recording", Action: auth.Playback, Link: "recording_socket", Serve: s.lookBack(replays)},
		{Method: "GET", Address: "/live/{id}/thumbnail.jpg", Action: auth.Playback, Link: "thumbnail", Ends: true, Serve: s.thumbnail, Refusals: thumbnailRefusals},
		{Method: "GET", Address: "/live/{id}/publish", Action: auth.Publish, Link: "publish", Serve: publishing(s.upload.ServeWebSocket), Limits: upload.LimitNames, Refusals: []front.Refusal{
			{Err: upload.ErrBadBody, Status: http.StatusBadRequest},
			{Err: upload.ErrTooLarge, Status: http.StatusRequestEntityTooLarge},
			{Err: upload.ErrTooSlow, Status: http.StatusRequestTimeout},
			{Err: upload.ErrTooMany, Status: http.StatusTooManyRequests},
			{Err: upload.ErrNotWebSocket, Status: http.StatusBadRequest},
		}},
		{Method: "POST", Address: "/live/{id}.jpg", Action: auth.Publish, Link: "post_jpeg", Ends: true, Serve: publishing(s.upload.ServeFrame)},
		{Method: "POST", Address: "/live/{id}.mjpeg", Action: auth.Publish, Link: "post_mjpeg", Serve: publishing(s.upload.ServeEndless)},
		{Method: "POST", Address: "/upload", Action: auth.Publish, Serve: publishing(s.upload.ServeUpload)},
	}, s.webRTCForms(viewers))
}

// linked gives the forms that the API has links for.
func linked(forms []front.Form) (links []api.Form) {
	for _, form := range forms {
		if form.Link != "" {
			links = append(links, api.Form{Name: form.Link, Address: form.Address, Action: form.Action})
		}
	}
	return links
}

// publishing makes a handle of what takes pictures in.
func publishing(take func(http.ResponseWriter, *http.Request, publish.Publisher) error) front.Handle {
	return func(w http.ResponseWriter, r *http.Request, v front.Visit) error {
		return take(w, r, publish.Publisher{Camera: v.Camera, Address: v.Address, Principal: v.Principal.Subject()})
	}
}

// output shows a viewer a stream.
type output func(http.ResponseWriter, *http.Request, delivery.Choice, stream.Client) error

// encoded makes an output that refuses who would get no encoder of one that
// could only end then.
func (s *server) encoded(show output) output {
	return func(w http.ResponseWriter, r *http.Request, choice delivery.Choice, c stream.Client) error {
		if err := s.encodes(choice.First(), c); err != nil {
			return err
		}
		return show(w, r, choice, c)
	}
}

// encodes says why a viewer would get no encoder for a stream, if it needs one.
// What a camera sends that was not connected yet is not known, and is found out
// by its rendition.
func (s *server) encodes(key stream.Key, c stream.Client) error {
	request, ok := rendition.ParseKey(key.Rendition)
	if format, _ := s.sends(key.Camera, request); !ok || format == nil || isCommon(request) || s.passes(key) {
		return nil
	}
	return s.encoders.Refusal(key, c)
}

// passes says whether a rendition is known to need no encoder.
func (s *server) passes(key stream.Key) bool {
	request, ok := rendition.ParseKey(key.Rendition)
	format, fps := s.sends(key.Camera, request)
	return ok && format != nil && request.PassesAt(format, fps)
}

// sends gives what a camera sends of which a request is made, as far as that is known.
func (s *server) sends(camera string, request rendition.Request) (format *media.Format, fps float64) {
	format, fps = s.hub.Sends(stream.Key{Camera: camera})
	if request.Sub {
		small, smallFPS := s.hub.Sends(stream.Key{Camera: camera, Rendition: stream.Sub})
		if small == nil || request.Suits(small) {
			return small, smallFPS
		}
	}
	return format, fps
}

// wish reads what somebody asks of a camera without its sound. Small pictures are made of
// its sub-stream, where it has one.
func (s *server) wish(codec media.Codec, camera string, query url.Values) (rendition.Request, error) {
	if c, _ := s.cameras.Find(camera); c.Sub.Kind != "" {
		return rendition.ParseSmallQuery(codec, query)
	}
	return rendition.ParseQuery(codec, query)
}

// pictures makes a handle of an output that shows JPEGs.
func (s *server) pictures(show output) front.Handle {
	return func(w http.ResponseWriter, r *http.Request, v front.Visit) error {
		request, err := s.wish(media.JPEG, v.Camera, r.URL.Query())
		if err != nil {
			return err
		}
		return show(w, r, s.jpegs(v.Camera, request), v.Client())
	}
}

// events makes a handle that shows JPEGs at a lower rate than other forms do,
// unless the client says which it wants.
func (s *server) events(show output) front.Handle {
	return func(w http.ResponseWriter, r *http.Request, v front.Visit) error {
		request, err := s.wish(media.JPEG, v.Camera, r.URL.Query())
		if err != nil {
			return err
		}
		request.FPS = sse.Rate(request.FPS)
		return show(w, r, s.jpegs(v.Camera, request), v.Client())
	}
}

// socket shows a camera as it is, or in what codec and size is asked for; of one that
// was removed what is kept, to whom that is permitted.
func (s *server) socket(player *live.Handler, viewers *whep.Handler, lookBack front.Handle) front.Handle {
	return func(w http.ResponseWriter, r *http.Request, v front.Visit) error {
		if _, there := s.cameras.Find(v.Camera); !there && auth.Authorize(v.Principal, auth.Playback, v.Camera) {
			return lookBack(w, r, v)
		}
		choice, err := s.choice(r, v)
		if err != nil {
			return err
		}
		choice.Offer = s.answersOffers(viewers, r, v)
		if choice.Own != (stream.Key{}) {
			return player.ServeWebSocket(w, r, choice, v.Client())
		}
		if err := s.encodes(choice.H264, v.Client()); err != nil && s.encodes(choice.JPEG, v.Client()) != nil {
			return err
		}
		return player.ServeWebSocket(w, r, choice, v.Client())
	}
}

// choice gives the streams that a socket can show.
func (s *server) choice(r *http.Request, v front.Visit) (live.Choice, error) {
	small, err := s.wish(media.JPEG, v.Camera, r.URL.Query())
	if err != nil {
		return live.Choice{}, err
	}
	choice := s.streams(v, small)
	if s.node != nil {
		choice.Doubt = func() time.Duration { return s.node.doubt(v.Camera) }
	}
	if small.Sub {
		heard := small
		heard.Sub, heard.MinWidth = false, 0
		choice.Heard = new(s.streams(v, heard))
	}
	return choice, nil
}

// streams gives those that a socket can show of what is asked for.
func (s *server) streams(v front.Visit, asJPEG rendition.Request) live.Choice {
	key := func(r rendition.Request) stream.Key { return stream.Key{Camera: v.Camera, Rendition: r.Key()} }
	asH264 := asJPEG
	asH264.Codec = media.H264
	choice := live.Choice{
		H264:  key(asH264),
		JPEG:  key(asJPEG),
		AAC:   rendition.SoundKey(v.Camera, media.AAC),
		Opus:  rendition.SoundKey(v.Camera, media.Opus),
		Why:   why(v.Principal),
		Past:  s.past(v),
		Nodes: s.node.isShown(),
	}
	if asJPEG.Sub {
		own, does := asJPEG.Own()
		choice.Small = key(own)
		if does {
			choice.Own = choice.Small
		}
	}
	if asJPEG.Plain() {
		choice.Own = stream.Key{Camera: v.Camera}
	}
	return choice
}

// lookBack makes a handle that shows what was recorded of a camera, which need not be
// there any more, by the protocol that shows the present.
func (s *server) lookBack(replays *replay.Handler) front.Handle {
	return func(w http.ResponseWriter, r *http.Request, v front.Visit) error {
		choice, err := s.choice(r, v)
		if err != nil {
			return err
		}
		choice.Doubt = nil // of what was recorded there is none
		camera := delivery.Choice{Rendition: stream.Key{Camera: v.Camera}}
		return replays.Alone(w, r, camera, v.Client(), func(o delivery.Options) replay.Output { return backwards{live.New(o), choice} })
	}
}

// backwards is a player without a present, as package replay has outputs.
type backwards struct {
	*live.Handler
	choice live.Choice
}

// Serve shows a client what it asks for.
func (b backwards) Serve(w http.ResponseWriter, r *http.Request, _ delivery.Choice, client stream.Client) error {
	return b.ServeWebSocket(w, r, b.choice, client)
}

// movie shows a camera as an endless MP4.
func (s *server) movie(player *live.Handler) front.Handle {
	return func(w http.ResponseWriter, r *http.Request, v front.Visit) error {
		request, err := rendition.ParseQuery(media.H264, r.URL.Query())
		if err != nil {
			return err
		}
		choice := live.Choice{
			H264: stream.Key{Camera: v.Camera, Rendition: request.Key()},
			AAC:  rendition.SoundKey(v.Camera, media.AAC),
			Opus: rendition.SoundKey(v.Camera, media.Opus),
		}
		if request.Plain() {
			choice.Own = stream.Key{Camera: v.Camera}
		} else if err := s.encodes(choice.H264, v.Client()); err != nil {
			return err
		}
		return player.ServeMP4(w, r, choice, v.Client())
	}
}

// jpegs gives the streams for a camera's pictures, as they are asked for: its own
// as long as they are JPEGs, where nothing else is asked for.
func (s *server) jpegs(camera string, request rendition.Request) delivery.Choice {
	choice := delivery.Choice{Rendition: stream.Key{Camera: camera, Rendition: request.Key()}}
	own := stream.Key{Camera: camera}
	if format, _ := s.hub.Sends(own); request.Plain() && (format == nil || request.Passes(format)) {
		choice.Own = own
	}
	return choice
}

// moment makes a handle that shows a JPEG of the past.
func (s *server) moment(show *moment.Handler) front.Handle {
	return func(w http.ResponseWriter, r *http.Request, v front.Visit) error {
		request, err := rendition.ParseQuery(media.JPEG, r.URL.Query())
		if err != nil {
			return err
		}
		request.FPS = 0 // of one picture
		return show.Serve(w, r, pastOf(v.Camera, request), v.Client())
	}
}

// replay makes a handle of an output that shows JPEGs of the past, so many a second
// unless the client says otherwise; 0 is all.
func (s *server) replay(fps int, show output) front.Handle {
	return func(w http.ResponseWriter, r *http.Request, v front.Visit) error {
		request, err := rendition.ParseQuery(media.JPEG, r.URL.Query())
		if err != nil {
			return err
		}
		request.FPS = cmp.Or(request.FPS, fps)
		return show(w, r, pastOf(v.Camera, request), v.Client())
	}
}

// pastOf gives the streams for pictures of the past, as they are asked for.
func pastOf(camera string, request rendition.Request) delivery.Choice {
	choice := delivery.Choice{Rendition: stream.Key{Camera: camera, Rendition: request.Key()}}
	if request.Plain() {
		choice.Own = stream.Key{Camera: camera}
	}
	return choice
}

// why gives what puts into words for a principal what is wrong with a camera; nil
// where that may not know more than that something is.
func why(p auth.Principal) func(*stream.SourceError) string {
	if !auth.Authorize(p, auth.Admin, "") {
		return nil
	}
	return func(failed *stream.SourceError) string {
		if failed.Err == nil {
			return "it ended without a picture"
		}
		return failed.Err.Error()
	}
}
