package rtpaudio

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"framegate/gateway/media"
)

// TestWhatIsRefused, and in which words.
func TestWhatIsRefused(t *testing.T) {
	with := func(d Description, changes ...string) Description {
		d.Parameters = maps.Clone(d.Parameters)
		for i := 0; i < len(changes); i += 2 {
			d.Parameters[changes[i]] = changes[i+1]
		}
		return d
	}
	rated := func(d Description, rate, channels int) Description {
		d.Rate, d.Channels = rate, channels
		return d
	}
	for name, c := range map[string]struct {
		d    Description
		want string
	}{
		"no configuration":              {with(aacMono, "config", ""), "without its configuration"},
		"a configuration of words":      {with(aacMono, "config", "hello"), "hexadecimal"},
		"an enormous configuration":     {with(aacMono, "config", strings.Repeat("14", 40_000)), "40000 bytes"},
		"a configuration cut off":       {with(aacMono, "config", "14"), "configuration"},
		"a configuration of 7 Hz":       {with(aacMono, "config", "1780000388"), "7 Hz"},
		"a mode of speech":              {with(aacMono, "mode", "CELP-cbr"), "celp-cbr"},
		"sizes of 99 bits":              {with(aacMono, "sizelength", "99"), "sizelength"},
		"sizes below nothing":           {with(aacMono, "indexdeltalength", "-1"), "indexdeltalength"},
		"a clock of 7 Hz":               {rated(aacMono, 7, 1), "7 Hz"},
		"a clock of a billion":          {rated(aacMono, 1_000_000_000, 1), "1000000000 Hz"},
		"G.711 of 8 channels at 7 Hz":   {rated(pcma, 7, 8), "8 channels"},
		"G.711 of no rate":              {rated(pcma, 0, 1), "0 Hz"},
		"G.711 of no channels":          {rated(pcma, 8000, 0), "0 channels"},
		"L16 of more than can be taken": {rated(l16, 96000, 2), "96000 Hz"},
		"LATM of nothing":               {Description{Encoding: "MP4A-LATM", Rate: 16000, Parameters: map[string]string{"config": "00"}}, "LATM"},
		"LATM without configuration":    {Description{Encoding: "MP4A-LATM", Rate: 16000}, "without its configuration"},
		"LATM that tells in packets":    {Description{Encoding: "MP4A-LATM", Rate: 90000, Parameters: map[string]string{"cpresent": "1"}}, "LATM with its configuration in packets"},
		"G.726":                         {Description{Encoding: "G726-32", Rate: 8000, Channels: 1}, ErrUnknown.Error()},
		"MP2":                           {Description{Encoding: "MPA", Rate: 90000, Channels: 1}, ErrUnknown.Error()},
		"nothing":                       {Description{}, ErrUnknown.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := NewStream(c.d)
			if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 200 {
				t.Errorf("made %+v, error %v", s, err)
			}
			if !errors.Is(err, media.ErrBadSound) && !errors.Is(err, ErrUnknown) {
				t.Errorf("of no kind: %v", err)
			}
		})
	}
}
