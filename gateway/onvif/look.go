package onvif

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"net/url"
	"strings"
	"time"
)

// Namespaces of questions.
const (
	deviceNS = ` xmlns="http://www.onvif.org/ver10/device/wsdl"`
	mediaNS  = ` xmlns="http://www.onvif.org/ver10/media/wsdl"`
	schemaNS = ` xmlns="http://www.onvif.org/ver10/schema"`
	ptzNS    = ` xmlns="http://www.onvif.org/ver20/ptz/wsdl"`
)

// Look asks a camera what it is and where its pictures are. It takes 5 s a question at
// most. What a camera does not answer is not there, but for a login and for which
// profiles it has: the errors are ErrLogin, ErrNotONVIF, those of the connection or of
// the address, and what the camera says.
func Look(ctx context.Context, o Options) (*About, error) {
	d, err := newDevice(o)
	if err != nil {
		return nil, err
	}
	defer d.close()
	if err := d.setClock(ctx); err != nil {
		return nil, err
	}
	services, err := d.services(ctx)
	if err != nil {
		return nil, err
	}
	about := &About{Turns: services.ptz != nil}
	if about.Profiles, err = d.profiles(ctx, services.media); err != nil {
		return nil, err
	}
	d.information(ctx, about)
	for i := range about.Profiles {
		d.addresses(ctx, services.media, &about.Profiles[i])
	}
	return about, nil
}

// setClock finds out what the camera's clock says, without a login, which it need not
// have (ONVIF Core 5.9.4). A camera that does not say has the right time.
func (d *device) setClock(ctx context.Context) error {
	var answer struct {
		Body struct {
			GetSystemDateAndTimeResponse struct {
				SystemDateAndTime struct {
					UTCDateTime *struct {
						Time struct{ Hour, Minute, Second int }
						Date struct{ Year, Month, Day int }
					}
				}
			}
		}
	}
	username := d.options.Username
	d.options.Username = ""
	err := d.call(ctx, d.service, `<GetSystemDateAndTime`+deviceNS+`/>`, &answer)
	d.options.Username = username
	if t := answer.Body.GetSystemDateAndTimeResponse.SystemDateAndTime.UTCDateTime; err == nil && t != nil && t.Date.Year > 0 {
		now := time.Date(t.Date.Year, time.Month(t.Date.Month), t.Date.Day, t.Time.Hour, t.Time.Minute, t.Time.Second, 0, time.UTC)
		d.ahead = time.Until(now)
	}
	if no := (*refusal)(nil); errors.As(err, &no) || errors.Is(err, ErrLogin) {
		return nil // for this question; the others come with a login
	}
	return err
}

// services are where the camera's other services are.
type services struct{ media, ptz *url.URL }

func (d *device) services(ctx context.Context) (s services, err error) {
	var answer struct {
		Body struct {
			GetCapabilitiesResponse struct {
				Capabilities struct {
					Media, PTZ struct{ XAddr string }
				}
			}
		}
	}
	if err := d.call(ctx, d.service, `<GetCapabilities`+deviceNS+`><Category>All</Category></GetCapabilities>`, &answer); err != nil {
		return s, err
	}
	all := answer.Body.GetCapabilitiesResponse.Capabilities
	if s.media = d.here(all.Media.XAddr, "http", "https"); s.media == nil {
		s.media = d.service // where those that say nothing have it
	}
	s.ptz = d.here(all.PTZ.XAddr, "http", "https")
	return s, nil
}

// information asks for the camera's make, which it may not say.
func (d *device) information(ctx context.Context, about *About) {
	var answer struct {
		Body struct {
			GetDeviceInformationResponse struct{ Manufacturer, Model, FirmwareVersion string }
		}
	}
	if d.call(ctx, d.service, `<GetDeviceInformation`+deviceNS+`/>`, &answer) == nil {
		i := answer.Body.GetDeviceInformationResponse
		about.Manufacturer, about.Model, about.Firmware = short(i.Manufacturer), short(i.Model), short(i.FirmwareVersion)
	}
}

func (d *device) profiles(ctx context.Context, media *url.URL) (profiles []Profile, err error) {
	var answer struct {
		Body struct {
			GetProfilesResponse struct {
				Profiles []struct {
					Token                     string `xml:"token,attr"`
					Name                      string
					VideoEncoderConfiguration struct {
						Encoding    string
						Resolution  struct{ Width, Height int }
						RateControl struct{ FrameRateLimit float64 }
					}
					AudioEncoderConfiguration struct{ Encoding string }
				}
			}
		}
	}
	if err := d.call(ctx, media, `<GetProfiles`+mediaNS+`/>`, &answer); err != nil {
		return nil, err
	}
	all := answer.Body.GetProfilesResponse.Profiles
	for _, p := range all[:min(len(all), maxProfiles)] {
		video := p.VideoEncoderConfiguration
		profiles = append(profiles, Profile{
			Token: p.Token, Name: short(p.Name), Codec: codecs[strings.ToUpper(video.Encoding)],
			Width: max(0, video.Resolution.Width), Height: max(0, video.Resolution.Height), FPS: rate(video.RateControl.FrameRateLimit),
			Sound: short(p.AudioEncoderConfiguration.Encoding),
		})
	}
	return profiles, nil
}

// rate gives a number of pictures a second, 0 where what is said is none: XML has NaN and
// INF too, of which JSON knows nothing.
func rate(said float64) float64 {
	if said > 0 && said <= maxRate {
		return said
	}
	return 0
}

// codecs are names of ours by those of the specification (tt:VideoEncoding), and what
// cameras write that have H.265 in the first version of the service.
var codecs = map[string]string{"JPEG": "jpeg", "H264": "h264", "H265": "h265", "HEVC": "h265"}

// addresses asks where the pictures of a profile are.
func (d *device) addresses(ctx context.Context, media *url.URL, p *Profile) {
	type address struct{ MediaUri struct{ Uri string } }
	var answer struct {
		Body struct {
			GetStreamUriResponse, GetSnapshotUriResponse address
		}
	}
	token := escaped(p.Token)
	question := `<GetStreamUri` + mediaNS + `><StreamSetup><Stream` + schemaNS + `>RTP-Unicast</Stream><Transport` + schemaNS +
		`><Protocol>RTSP</Protocol></Transport></StreamSetup><ProfileToken>` + token + `</ProfileToken></GetStreamUri>`
	if d.call(ctx, media, question, &answer) == nil {
		if u := d.here(answer.Body.GetStreamUriResponse.MediaUri.Uri, "rtsp", "rtsps"); u != nil {
			p.Stream = u.String()
		}
	}
	if d.call(ctx, media, `<GetSnapshotUri`+mediaNS+`><ProfileToken>`+token+`</ProfileToken></GetSnapshotUri>`, &answer) == nil {
		if u := d.here(answer.Body.GetSnapshotUriResponse.MediaUri.Uri, "http", "https"); u != nil {
			p.Snapshot = u.String()
		}
	}
}

func escaped(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}
