package rtspquirks

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestSoundsBeside: those that the camera sends as it sends its video, in their
// order, under the names that they have.
func TestSoundsBeside(t *testing.T) {
	const video = "m=video 0 RTP/AVP 26\na=control:v\n"
	for name, c := range map[string]struct {
		sdp  string
		want string
	}{
		"by number":                     {video + "m=audio 0 RTP/AVP 8\na=control:s\n", "PCMA/8000/1"},
		"by name":                       {video + "m=audio 0 RTP/AVP 97\na=rtpmap:97 mpeg4-generic/16000/2\na=fmtp:97 Config=1408; SizeLength=13\na=control:s\n", "MPEG4-GENERIC/16000/2 config=1408 sizelength=13"},
		"before the video":              {"m=audio 0 RTP/AVP 0\na=control:s\n" + video, "PCMU/8000/1"},
		"several in one":                {video + "m=audio 0 RTP/AVP 97 0\na=rtpmap:97 opus/48000/2\na=control:s\n", "OPUS/48000/2, PCMU/8000/1"},
		"many":                          {video + strings.Repeat("m=audio 0 RTP/AVP 0\na=control:s\n", 50), "PCMU/8000/1, PCMU/8000/1, PCMU/8000/1, PCMU/8000/1"},
		"of our own":                    {video + "m=audio 0 RTP/AVP 0\na=sendonly\na=control:s\n", ""},
		"one of ours, one of it":        {video + "m=audio 0 RTP/AVP 0\na=sendonly\na=control:s\nm=audio 0 RTP/AVP 8\na=recvonly\na=control:r\n", "PCMA/8000/1"},
		"sendonly, as the video":        {video + "a=sendonly\nm=audio 0 RTP/AVP 0\na=sendonly\na=control:s\n", "PCMU/8000/1"},
		"encrypted, as the video isn't": {video + "m=audio 0 RTP/SAVP 0\na=control:s\n", ""},
		"without an address":            {video + "m=audio 0 RTP/AVP 0\n", ""},
		"with the video's address":      {video + "m=audio 0 RTP/AVP 0\na=control:v\n", ""},
		"with numbers of no kind":       {video + "m=audio 0 RTP/AVP 97\na=rtpmap:97 L16/x/99999999999\na=control:s\n", "L16/0/1"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := readSDP([]byte("v=0\n" + c.sdp))
			if err != nil {
				t.Fatal(err)
			}
			chosen, _, err := d.choose()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			_, sounds := d.sounds(chosen)
			for _, s := range sounds {
				text := fmt.Sprintf("%s/%d/%d", s.Encoding, s.Rate, s.Channels)
				var parameters []string
				for name, value := range s.Parameters {
					if name != "" {
						parameters = append(parameters, " "+name+"="+value)
					}
				}
				slices.Sort(parameters)
				got = append(got, text+strings.Join(parameters, ""))
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
