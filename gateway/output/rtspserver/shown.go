package rtspserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

const (
	// firstPicture is how long a camera gets to its first picture, without which it
	// cannot be described: recorders want to know its parameter sets.
	firstPicture = 10 * time.Second
	// firstSound is how long an encoder of sound gets to its first.
	firstSound = 2 * time.Second
)

// errNoPicture: nobody can be told what the camera sends.
var errNoPicture = errors.New("the camera gives no picture at the moment")

// Payload types (RFC 3551, 6), of which those from 96 on are what the description
// says.
const (
	payloadPCMU     = 0
	payloadPCMA     = 8
	payloadJPEG     = 26
	payloadPictures = 96
	payloadSound    = 97
)

// shown is what a client was told of a camera, and what counts it as a viewer.
type shown struct {
	camera   string
	hub      *stream.Hub
	visit    *Visit
	own      *stream.Reader   // of the camera, that counts the viewer
	backlog  bool             // the pictures since the newest keyframe are wanted too
	kept     []*stream.Reader // of what is encoded, which goes on until the viewer plays
	key      stream.Key       // of the pictures
	pictures *media.Format
	soundKey stream.Key
	sound    *media.Format // nil: there is none, or none is wanted
}

// close counts the viewer out.
func (s *shown) close() {
	for _, r := range s.kept {
		r.Close()
	}
	s.own.Close()
}

// formatOf gives the format of a track.
func (s *shown) formatOf(track int) *media.Format {
	return [...]*media.Format{s.pictures, s.sound}[track]
}

// find finds out what there is to show to a visitor, and waits for the first picture
// of it. The error is one of Hub.Open, a *Refusal, a *stream.SourceError or
// errNoPicture.
func (s *Server) find(v *Visit, p place) (*shown, error) {
	found := &shown{camera: p.camera, hub: s.options.Hub, visit: v, backlog: p.query.Get("start") == "gop"}
	codec, err := codecAsked(p.query)
	if err != nil {
		return nil, err
	}
	found.own, err = s.options.Hub.Open(v.Choice.Own, stream.ReadOptions{Client: &v.Client})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(v.Context, firstPicture)
	defer cancel()
	if err := found.findPictures(ctx, codec); err != nil {
		found.close()
		return nil, err
	}
	if err := found.findSound(ctx, p.query.Get("sound")); err != nil {
		found.close()
		return nil, err
	}
	return found, nil
}

// codecAsked reads the query's codec: 0 is what the camera sends, or H.264 where it
// sends JPEGs, which few recorders take.
func codecAsked(query url.Values) (media.Codec, error) {
	switch name := query.Get("codec"); name {
	case "", "auto", "copy":
		return 0, nil
	case "h264":
		return media.H264, nil
	case "h265":
		return media.H265, nil
	case "jpeg":
		return media.JPEG, nil
	default:
		return 0, &Refusal{Status: 406, Words: fmt.Sprintf("codec %.20q is none of auto, copy, h264, h265, jpeg", name)}
	}
}

// findPictures chooses the stream of the pictures.
func (s *shown) findPictures(ctx context.Context, codec media.Codec) error {
	choice := s.visit.Choice
	s.key = choice.Own
	sentOnly := codec == media.H265 || codec == media.JPEG
	if choice.Plain || sentOnly {
		f, err := first(ctx, s.own)
		if err != nil {
			return err
		}
		s.pictures = f.Format
		sends := f.Format.Codec
		if sentOnly && (sends != codec || !choice.Plain) {
			return &Refusal{Status: 406, Words: fmt.Sprintf("%s goes out as the camera sends it alone, and in no other size or rate; the camera sends %s", codec, sends)}
		}
		if codec == media.JPEG {
			return refuseJPEG(&f)
		}
		if carried(sends) && (codec == 0 || codec == sends) {
			return nil
		}
	}
	s.key = choice.H264
	if choice.Encodes != nil {
		if err := choice.Encodes(s.key); err != nil {
			return err
		}
	}
	f, err := s.look(ctx, s.key, stream.ReadOptions{})
	s.pictures = f.Format
	return err
}

// refuseJPEG says why a picture cannot be carried, and nil if it can.
func refuseJPEG(f *media.Frame) error {
	if _, err := readJPEG(f.Data); err != nil {
		return &Refusal{Status: 406, Words: err.Error() + "; the camera is here as H.264"}
	}
	return nil
}

// findSound chooses the stream of the sound: what the camera sends, where nothing
// else is asked for.
func (s *shown) findSound(ctx context.Context, wanted string) error {
	choice := s.visit.Choice
	sends := s.hub.Sounds(choice.Own).Format
	codecs := map[string]media.Codec{"aac": media.AAC, "opus": media.Opus}
	codec, known := codecs[wanted]
	switch {
	case wanted != "" && wanted != "auto" && wanted != "off" && !known:
		return &Refusal{Status: 406, Words: fmt.Sprintf("sound %.20q is none of auto, off, aac, opus", wanted)}
	case wanted == "off" || sends == nil || choice.AAC == (stream.Key{}):
		return nil
	case (!known || sends.Codec == codec) && carried(sends.Codec):
		s.soundKey, s.sound = choice.Own, sends
		return nil
	}
	key := choice.AAC
	if codec == media.Opus {
		key = choice.Opus
	}
	ctx, cancel := context.WithTimeout(ctx, firstSound)
	defer cancel()
	f, err := s.look(ctx, key, stream.ReadOptions{Sound: true})
	if err == nil {
		s.soundKey, s.sound = key, f.Format
	}
	return nil // pictures alone are better than none
}

// look gives the first frame of a stream, which goes on.
func (s *shown) look(ctx context.Context, key stream.Key, options stream.ReadOptions) (media.Frame, error) {
	r, err := s.open(key, options)
	if err != nil {
		return media.Frame{}, err
	}
	s.kept = append(s.kept, r)
	return first(ctx, r)
}

// open opens a further stream for the viewer, who is counted already.
func (s *shown) open(key stream.Key, options stream.ReadOptions) (*stream.Reader, error) {
	options.Client, options.Besides = &s.visit.Client, s.own
	return s.hub.Open(key, options)
}

// first gives the first frame of a reader.
func first(ctx context.Context, r *stream.Reader) (media.Frame, error) {
	f, err := r.Next(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errNoPicture
	}
	return f, err
}

// fits says that a frame may go out under the description of format.
func fits(format *media.Format, f *media.Format) bool {
	return f == format || f.Codec == format.Codec && f.Width == format.Width && f.Height == format.Height &&
		f.Rate == format.Rate && f.Channels == format.Channels && bytes.Equal(f.Config, format.Config)
}

// describe gives the description of what is shown (RFC 8866), for a client that asked
// for it at an address.
func (s *shown) describe(u *url.URL) ([]byte, error) {
	session := description.Session{Title: "Framegate"}
	for track, f := range []*media.Format{s.pictures, s.sound} {
		if f == nil {
			continue
		}
		forma, err := described(f)
		if err != nil {
			return nil, err
		}
		kind := [...]description.MediaType{description.MediaTypeVideo, description.MediaTypeAudio}[track]
		session.Medias = append(session.Medias, &description.Media{Type: kind, Control: trackAddress(u, track), Formats: []format.Format{forma}})
	}
	text, err := session.Marshal(false)
	if err != nil {
		return nil, err
	}
	return s.withRate(text), nil
}

// withRate adds how many pictures a second there are, which many recorders ask for,
// behind the line of the pictures.
func (s *shown) withRate(text []byte) []byte {
	fps := s.own.FPS()
	if ticks, ok := s.pictures.FrameTicks(90000); ok && s.key == s.visit.Choice.Own {
		fps = 90000 / float64(ticks)
	}
	at := bytes.Index(text, []byte("a=rtpmap:"))
	if fps <= 0 || at < 0 || s.key != s.visit.Choice.Own {
		return text
	}
	line := "a=framerate:" + strconv.FormatFloat(fps, 'f', -1, 32) + "\r\n"
	return bytes.Join([][]byte{text[:at], []byte(line), text[at:]}, nil)
}

// described gives a format as gortsplib describes it.
func described(f *media.Format) (format.Format, error) {
	vps, sps, pps := f.ParameterSets()
	switch f.Codec {
	case media.H264:
		return &format.H264{PayloadTyp: payloadPictures, SPS: sps[0], PPS: pps[0], PacketizationMode: 1}, nil
	case media.H265:
		return &format.H265{PayloadTyp: payloadPictures, VPS: vps[0], SPS: sps[0], PPS: pps[0]}, nil
	case media.JPEG:
		return &format.MJPEG{}, nil
	case media.AAC:
		config := new(mpeg4audio.AudioSpecificConfig)
		if err := config.Unmarshal(f.Config); err != nil {
			return nil, err
		}
		return &format.MPEG4Audio{PayloadTyp: payloadSound, Config: config, SizeLength: 13, IndexLength: 3, IndexDeltaLength: 3}, nil
	case media.Opus:
		return &format.Opus{PayloadTyp: payloadSound, ChannelCount: f.Channels}, nil
	case media.PCMA, media.PCMU:
		return &format.G711{PayloadTyp: payloadOf(f), MULaw: f.Codec == media.PCMU, SampleRate: f.Rate, ChannelCount: f.Channels}, nil
	}
	return nil, fmt.Errorf("%s has no description", f.Codec)
}

// payloadOf gives the payload type of a format.
func payloadOf(f *media.Format) byte {
	switch {
	case f.Codec == media.JPEG:
		return payloadJPEG
	case f.Codec.Kind() == media.Video:
		return payloadPictures
	case f.Codec == media.PCMU && f.Rate == 8000 && f.Channels == 1:
		return payloadPCMU
	case f.Codec == media.PCMA && f.Rate == 8000 && f.Channels == 1:
		return payloadPCMA
	}
	return payloadSound
}

// baseOf gives the address that a description is about, with a slash at its end.
func baseOf(u *url.URL) string { return below(u, "") }

// trackAddress gives the address of a track. It is whole, since clients differ in
// what they make of a relative one behind a query.
func trackAddress(u *url.URL, track int) string { return below(u, trackMark+strconv.Itoa(track)) }

func below(u *url.URL, name string) string {
	a := *u
	if at := strings.LastIndex(a.Path, "/"+trackMark); at >= 0 {
		a.Path = a.Path[:at]
	}
	a.RawPath, a.Path = "", strings.TrimRight(a.Path, "/")+"/"+name
	return a.String()
}
