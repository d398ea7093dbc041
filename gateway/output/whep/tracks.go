package whep

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"framegate/gateway/media"
	"framegate/gateway/output/rtppack"
	"framegate/gateway/rtc"
)

// tracks are the media of an offer that matter: pictures and sound.
type tracks struct {
	offer  *rtc.Offer
	video  int // the number of the media of pictures
	audio  int // of sound; -1: none is wanted
	h264   []rtc.Codec
	h265   []rtc.Codec
	opus   *rtc.Codec
	silent *rtc.Codec // what a camera without sound is answered with
}

// pictureTracks finds what an offer has, and says whether it can be shown pictures.
func pictureTracks(o *rtc.Offer) (tracks, bool) {
	t := tracks{offer: o, video: -1, audio: -1}
	for n := range o.Media {
		m := &o.Media[n]
		switch {
		case !m.Hears:
		case m.Kind == "video" && t.video < 0:
			t.video = n
			t.readPictures(m)
		case m.Kind == "audio" && t.audio < 0:
			t.audio = n
			t.readSound(m)
		}
	}
	return t, len(t.h264) > 0
}

// readPictures takes the codecs of pictures.
func (t *tracks) readPictures(m *rtc.Media) {
	for _, c := range m.Codecs {
		switch {
		case c.Name == "H264" && c.Rate == 90000 && c.Params["packetization-mode"] == "1":
			t.h264 = append(t.h264, c)
		case c.Name == "H265" && c.Rate == 90000:
			t.h265 = append(t.h265, c)
		}
	}
}

// readSound takes the codecs of sound.
func (t *tracks) readSound(m *rtc.Media) {
	for i := range m.Codecs {
		switch c := &m.Codecs[i]; {
		case c.Name == "OPUS" && c.Rate == 48000 && t.opus == nil:
			t.opus = c
		case c.Name == "PCMU" && c.Rate == 8000 && t.silent == nil:
			t.silent = c
		}
	}
	if t.opus == nil && t.silent == nil {
		t.audio = -1
	}
}

// usualProfile is the one that every browser takes: Constrained Baseline at level 3.1.
const usualProfile = "42e01f"

// encodedProfile is that of what is encoded here: Main, without pictures that are
// reordered.
const encodedProfile = "4d001f"

// h264For gives the entry of the offer for H.264 of a format, of which nil is what is
// encoded here: that of the same profile, else one that has all that it has, else the
// usual one, else any (RFC 6184, 8.2.2).
func (t *tracks) h264For(f *media.Format) rtc.Track {
	wanted := encodedProfile
	if f != nil && f.Codec == media.H264 {
		if _, sps, _ := f.ParameterSets(); len(sps) > 0 && len(sps[0]) > 3 {
			wanted = fmt.Sprintf("%02x%02x%02x", sps[0][1], sps[0][2], sps[0][3])
		}
	}
	best, points := t.h264[0], -1
	for _, c := range t.h264 {
		offered := strings.ToLower(c.Params["profile-level-id"])
		p := 0
		switch {
		case profileOf(offered) == profileOf(wanted):
			p = 4
		case slices.Contains(within[profileOf(offered)], profileOf(wanted)):
			p = 3
		case offered == usualProfile:
			p = 2
		case profileOf(offered) == profileOf(usualProfile):
			p = 1
		}
		if p > points {
			best, points = c, p
		}
	}
	profile := strings.ToLower(best.Params["profile-level-id"])
	if len(profile) != 6 || strings.Trim(profile, "0123456789abcdef") != "" {
		profile = usualProfile
	}
	return rtc.Track{Codec: best, Sends: true, SSRC: rtppack.NewSSRC(), FMTP: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=" + profile}
}

// profileOf gives the profile that a profile-level-id is of, in such a way that those
// are the same that decoders take for the same (RFC 6184, 8.1, table 5).
func profileOf(id string) string {
	n, err := strconv.ParseUint(id, 16, 24)
	if err != nil || len(id) != 6 {
		return ""
	}
	profile, constraints := n>>16, n>>8&0xFF
	switch {
	case profile == 0x42 && constraints&0x40 != 0, profile == 0x4D && constraints&0x80 != 0, profile == 0x58 && constraints&0xC0 == 0xC0:
		return "constrained baseline"
	case profile == 0x42, profile == 0x58 && constraints&0x80 != 0:
		return "baseline"
	case profile == 0x64 && constraints&0x0C == 0x0C:
		return "constrained high"
	case profile == 0x4D:
		return "main"
	case profile == 0x64:
		return "high"
	}
	return strconv.FormatUint(profile, 16)
}

// within says which profiles a decoder of another takes, of pictures that are not
// reordered and not interlaced, which are all that are sent (ITU-T H.264, A.2).
var within = map[string][]string{
	"baseline":         {"constrained baseline"},
	"main":             {"constrained baseline"},
	"constrained high": {"main", "high", "constrained baseline"},
	"high":             {"main", "constrained high", "constrained baseline"},
}

// What an hvcC says of what it takes to decode (ISO/IEC 14496-15, 8.3.3.1).
const (
	hvccProfile = 1  // with the space and the tier
	hvccLevel   = 12 // 30 times its number
	hvccHead    = 13
)

// h265For gives the entry of the offer for H.265 of a format; nil where there is none of
// its profile that reaches its level (RFC 7798, 7.1).
func (t *tracks) h265For(f *media.Format) *rtc.Track {
	if f.Codec != media.H265 || len(f.Config) < hvccHead {
		return nil
	}
	tier, profile, level := int(f.Config[hvccProfile]>>5&1), int(f.Config[hvccProfile]&0x1F), int(f.Config[hvccLevel])
	i := slices.IndexFunc(t.h265, func(c rtc.Codec) bool {
		return number(c, "profile-id", 1) == profile && number(c, "tier-flag", 0) >= tier && number(c, "level-id", 93) >= level &&
			(c.Params["tx-mode"] == "" || c.Params["tx-mode"] == "SRST")
	})
	if i < 0 {
		return nil
	}
	return &rtc.Track{Codec: t.h265[i], Sends: true, SSRC: rtppack.NewSSRC(), FMTP: clean(t.h265[i].FMTP)}
}

// number gives that of a parameter.
func number(c rtc.Codec, name string, otherwise int) int {
	if n, err := strconv.Atoi(c.Params[name]); err == nil {
		return n
	}
	return otherwise
}

// clean gives parameters as they may be answered; "" where they hold what none does.
func clean(fmtp string) string {
	if strings.Trim(fmtp, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=;, +/") != "" {
		return ""
	}
	return fmtp
}

// soundTrack gives the track of sound, and whether something comes by it. A camera
// without sound is answered with a track that stays empty: browsers show no picture
// beside one that they asked for and that was refused.
func (t *tracks) soundTrack(has bool) (track rtc.Track, hears, ok bool) {
	switch {
	case t.audio < 0:
		return track, false, false
	case has && t.opus != nil:
		return rtc.Track{Codec: *t.opus, Sends: true, SSRC: rtppack.NewSSRC(), FMTP: "minptime=10;useinbandfec=1;stereo=1"}, true, true
	case t.silent != nil:
		return rtc.Track{Codec: *t.silent, Sends: true, SSRC: rtppack.NewSSRC()}, false, true
	}
	return rtc.Track{Codec: *t.opus, Sends: true, SSRC: rtppack.NewSSRC()}, false, true
}
