package server

import (
	"slices"
	"strings"

	"framegate/gateway/api"
	"framegate/gateway/api/events"
	"framegate/gateway/cluster/relay"
	"framegate/gateway/config"
	"framegate/gateway/delivery"
	"framegate/gateway/httplimit"
	"framegate/gateway/input/httpcam"
	"framegate/gateway/input/upload"
	"framegate/gateway/media"
	"framegate/gateway/metrics"
	"framegate/gateway/output/live"
	"framegate/gateway/output/moment"
	"framegate/gateway/output/recording"
	"framegate/gateway/output/replay"
	"framegate/gateway/output/rtspserver"
	"framegate/gateway/ptz"
	"framegate/gateway/publish"
	"framegate/gateway/rendition"
	"framegate/gateway/rtc"
	"framegate/gateway/stream"
)

// limitTexts says what each limit bounds, and what happens beyond, by its name.
var limitTexts = map[string]string{
	stream.LimitViewers:             "viewers at a time; others are refused",
	stream.LimitViewersPerCamera:    "viewers of one camera at a time; others are refused",
	stream.LimitViewersPerPrincipal: "viewers at a time that come by one user, token or link; others are refused",
	stream.LimitViewersPerAddress:   "viewers at a time from one network address; others are refused",
	delivery.LimitViewerPatience:    "how long a viewer may take nothing; then it is cut",
	live.LimitViewerMessageBytes:    "bytes of a message that a player sends; one that sends more is cut",
	live.LimitWebSocketSilence:      "how long the other end of a WebSocket may not answer pings; then it is cut",

	upload.LimitFrameBytes:        "bytes of a picture, as cameras and publishers send them; larger ones are not taken",
	upload.LimitFramePixels:       "pixels of a picture; larger ones are not taken",
	upload.LimitPartHeaders:       "what stands before and between pictures; who sends more is cut",
	upload.LimitPublisherFPS:      "pictures a second of a publisher; more are dropped",
	upload.LimitPublisherBytes:    "bytes a second of a publisher; more are dropped",
	upload.LimitPublisherSound:    "sound of a publisher, one and a half times as much as can be heard in the time; more is dropped",
	publish.LimitPerCamera:        "publishers of one camera at a time; others are refused",
	publish.LimitSilence:          "how long a publisher may send no picture, by the pace it showed; then it is cut",
	upload.LimitPostTime:          "how long a picture that is posted may take to come; then it is refused",
	upload.LimitPostBytes:         "bytes a second that a picture that is posted has to come with; slower ones are refused",
	upload.LimitPostsPerAddress:   "pictures that are being posted at a time from one network address; others are refused",
	upload.LimitWebSocketMessages: "pings and texts that a publisher sends by WebSocket; one that sends more is cut",

	httpcam.LimitCameraConnect:      "how long a camera may take to be reached; then it is tried again",
	httpcam.LimitCameraFirstByte:    "how long a camera may take to answer; then it is tried again",
	httpcam.LimitCameraFirstPicture: "how long a camera that answers may take to its first picture; then it is tried again",
	httpcam.LimitCameraSilence:      "how long a camera may send no picture, or ten of its own intervals where those are longer; then it is tried again",

	rtc.LimitStrangers: "packets at the port of WebRTC that are of nobody's session; each is dropped",
	rtc.LimitConnect:   "how long a session of WebRTC may take until it is connected; then it ends",
	rtc.LimitSessions:  "sessions of WebRTC at a time; others are refused",
	rtc.LimitOffer:     "bytes of what is sent to make or change a session of WebRTC; more is refused",
	rtc.LimitConsent:   "how long the other end of a session of WebRTC may not be heard; then it ends",

	httplimit.LimitHeaderBytes:           "bytes of the head of a request; larger ones are refused",
	httplimit.LimitHeaderTimeout:         "how long the head of a request may take to come; then the connection is closed",
	httplimit.LimitIdleTimeout:           "how long a connection may be without a request; then it is closed",
	httplimit.LimitAnswerPatience:        "how long a client may take nothing of an answer; then it is cut",
	httplimit.LimitConnections:           "connections at a time, besides those of viewers; others are closed",
	httplimit.LimitConnectionsPerAddress: "connections at a time from one network address, besides those of viewers; others are closed",
	httplimit.LimitRequestsPerAddress:    "requests at a time from one network address, besides those of viewers; others are refused",

	rtspserver.LimitStrangers: "datagrams over UDP from where nobody is to send them; nothing of them is looked at",

	relay.LimitBranches: "other nodes that one stream is shown to, where none of those that have it can show it on; others are refused",

	ptz.LimitWaiting: "lists and changes of presets that wait for one camera; others are refused",

	api.LimitBodyBytes:                "bytes of what the API is sent; larger bodies are refused",
	api.LimitPublicRequests:           "requests a second from one network that change something before a login, such as logins; others are refused",
	events.LimitListeners:             "listeners to events at a time; others are refused",
	events.LimitListenersPerPrincipal: "listeners to events at a time that come by one user or token; others are refused",
	events.LimitListenersPerNetwork:   "listeners to events at a time from one network; others are refused",

	rendition.LimitEncoders:             "encoders at a time; others wait for their turn",
	rendition.LimitEncoderStarts:        "encoders that start in a second; others wait for their turn",
	rendition.LimitEncodersPerPrincipal: "encoders of sizes, rates and qualities of their own that one user, token or link has at a time; other viewers are refused",
	rendition.LimitEncodersPerAddress:   "encoders of sizes, rates and qualities of their own for one network address at a time; other viewers are refused",
	rendition.LimitEncodersPerCamera:    "encoders of sizes, rates and qualities of their own of one camera at a time; other viewers are refused",
	rendition.LimitEncodersPerNode:      "encoders of sizes, rates and qualities of their own for one other node at a time; it makes further ones itself, where it can",

	recording.LimitClips: "recordings that are sent as clips or HLS at a time, a quarter of them to one client; others are refused",
	replay.LimitReplays:  "recordings that are played at a time, a quarter of them to one client; others are refused",
	moment.LimitMoments:  "pictures of the past that are asked for at a time, 16 of them by one client; others are refused",

	limitLogins:         "wrong passwords from one network, and for one name; none is looked at for a while then",
	metrics.OtherLimits: "whatever has no name here, which is a mistake of this program",
}

// constantLimits gives the limits with a value that nobody sets.
func (s *server) constantLimits() map[string]any {
	return map[string]any{
		upload.LimitFramePixels:             media.MaxPixels,
		publish.LimitPerCamera:              1,
		live.LimitViewerMessageBytes:        live.MaxMessage,
		httpcam.LimitCameraFirstPicture:     stream.FirstPicture.String(),
		api.LimitPublicRequests:             api.PublicRate,
		events.LimitListeners:               events.MaxListeners,
		events.LimitListenersPerPrincipal:   events.MaxListenersPerPrincipal,
		events.LimitListenersPerNetwork:     events.MaxListenersPerNetwork,
		rendition.LimitEncodersPerPrincipal: rendition.MostPerPrincipal,
		rendition.LimitEncodersPerAddress:   rendition.MostPerAddress,
		rendition.LimitEncodersPerCamera:    s.encoders.MostPerCamera(),
		rendition.LimitEncodersPerNode:      s.encoders.MostPerNode(),
		recording.LimitClips:                recording.MaxAtOnce,
		replay.LimitReplays:                 replay.MaxPlayed,
		moment.LimitMoments:                 moment.MaxAsking,
		relay.LimitBranches:                 2 * relay.Branches,
		rtc.LimitConnect:                    rtc.ConnectTime.String(),
		rtc.LimitSessions:                   rtc.MaxSessions,
		rtc.LimitOffer:                      rtc.MaxOffer,
		rtc.LimitConsent:                    rtc.ConsentTime.String(),
	}
}

// otherKeys are the settings of limits whose names are not those of their settings.
var otherKeys = map[string]string{
	httplimit.LimitAnswerPatience:     "limits.viewer_patience",
	httplimit.LimitRequestsPerAddress: "limits.connections_per_address",
}

// Limits gives the limits there are, by name.
func (s control) Limits() []api.Limit {
	values, settings := s.constantLimits(), config.Settings()
	var all []api.Limit
	s.limitHits(func(name string, hits uint64) {
		limit := api.Limit{Name: name, Value: values[name], Bounds: limitTexts[name], Hits: hits}
		key, ok := otherKeys[name]
		if !ok {
			key = "limits." + name
		}
		if i := slices.IndexFunc(settings, func(s config.Setting) bool { return s.Key == key }); i >= 0 {
			limit.Key, limit.Value = key, settings[i].Value(s.settings())
		}
		all = append(all, limit)
	})
	slices.SortFunc(all, func(a, b api.Limit) int { return strings.Compare(a.Name, b.Name) })
	return all
}
