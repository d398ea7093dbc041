package onvif

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// PTZ is a camera that turns, or zooms, as it is told to (ONVIF PTZ 5). It is not safe
// for concurrent use. Close is to be called in the end.
//
// Each method is one question, of 5 s at most. Its errors are ErrLogin, ErrRefused with
// what the camera says, ErrNotONVIF, or those of the connection.
type PTZ struct {
	device  *device
	service *url.URL
	profile string // token of the profile that turns, as XML has it
	turned  bool   // since the last stop
	zoomed  bool   // likewise
}

// Velocity is how fast a camera is to move, each from -1 to 1: to the right, upwards, and
// nearer.
type Velocity struct{ Pan, Tilt, Zoom float64 }

// Preset is a position that a camera keeps.
type Preset struct {
	Token string // which names it to the camera
	Name  string // for people; "" where it has none
}

// OpenPTZ finds out where a camera is told to turn, by three questions. The errors are
// those of Look, and ErrFixed.
func OpenPTZ(ctx context.Context, o Options) (*PTZ, error) {
	d, err := newDevice(o)
	if err != nil {
		return nil, err
	}
	p := &PTZ{device: d}
	if err := p.find(ctx); err != nil {
		d.close()
		return nil, err
	}
	return p, nil
}

func (p *PTZ) find(ctx context.Context) error {
	if err := p.device.setClock(ctx); err != nil {
		return err
	}
	services, err := p.device.services(ctx)
	switch {
	case err != nil:
		return err
	case services.ptz == nil:
		return ErrFixed
	}
	p.service = services.ptz
	p.profile, err = p.device.turning(ctx, services.media)
	return err
}

// turning gives the token of the first profile that says that it turns, and else of the
// first: some that turn do not say so.
func (d *device) turning(ctx context.Context, media *url.URL) (string, error) {
	var answer struct {
		Body struct {
			GetProfilesResponse struct {
				Profiles []struct {
					Token            string    `xml:"token,attr"`
					PTZConfiguration *struct{} // of a profile that turns
				}
			}
		}
	}
	if err := d.call(ctx, media, `<GetProfiles`+mediaNS+`/>`, &answer); err != nil {
		return "", err
	}
	all := answer.Body.GetProfilesResponse.Profiles
	if len(all) == 0 {
		return "", ErrFixed
	}
	for _, profile := range all {
		if profile.PTZConfiguration != nil {
			return escaped(profile.Token), nil
		}
	}
	return escaped(all[0].Token), nil
}

// Close ends its connections.
func (p *PTZ) Close() { p.device.close() }

// Move has the camera move until it is told otherwise, or a time has passed. That time is
// for when nobody tells it any more: it is rounded up to seconds, since cameras read no
// parts of them, and many have no ear for it at all.
func (p *PTZ) Move(ctx context.Context, v Velocity, during time.Duration) error {
	velocity := ""
	if p.turned = p.turned || v.Pan != 0 || v.Tilt != 0; p.turned {
		velocity = fmt.Sprintf(`<PanTilt%s x="%.3f" y="%.3f"/>`, schemaNS, v.Pan, v.Tilt)
	}
	if p.zoomed = p.zoomed || v.Zoom != 0; p.zoomed { // what only turns refuses to zoom, also by nothing
		velocity += fmt.Sprintf(`<Zoom%s x="%.3f"/>`, schemaNS, v.Zoom)
	}
	seconds := max(1, int((during+time.Second-1)/time.Second))
	return p.tell(ctx, "ContinuousMove", `<Velocity>`+velocity+`</Velocity><Timeout>PT`+fmt.Sprint(seconds)+`S</Timeout>`, nil)
}

// Stop has it stand still.
func (p *PTZ) Stop(ctx context.Context) error {
	err := p.tell(ctx, "Stop", `<PanTilt>true</PanTilt><Zoom>true</Zoom>`, nil)
	if err == nil {
		p.turned, p.zoomed = false, false
	}
	return err
}

// Home has it go where it looks usually.
func (p *PTZ) Home(ctx context.Context) error { return p.tell(ctx, "GotoHomePosition", "", nil) }

// GoTo has it go to a position that it keeps.
func (p *PTZ) GoTo(ctx context.Context, preset string) error {
	return p.tell(ctx, "GotoPreset", presetToken(preset), nil)
}

// Presets gives the positions that it keeps, 256 at most.
func (p *PTZ) Presets(ctx context.Context) (presets []Preset, err error) {
	var answer struct {
		Body struct {
			GetPresetsResponse struct {
				Preset []struct {
					Token string `xml:"token,attr"`
					Name  string
				}
			}
		}
	}
	if err := p.tell(ctx, "GetPresets", "", &answer); err != nil {
		return nil, err
	}
	all := answer.Body.GetPresetsResponse.Preset
	for _, preset := range all[:min(len(all), maxPresets)] {
		if preset.Token != "" && len(preset.Token) <= maxTextBytes {
			presets = append(presets, Preset{preset.Token, short(preset.Name)})
		}
	}
	return presets, nil
}

// SetPreset has it keep the position that it has now, and gives what it is called by: in
// place of the preset of a token, or a new one where that is "".
func (p *PTZ) SetPreset(ctx context.Context, name, token string) (string, error) {
	var answer struct {
		Body struct {
			SetPresetResponse struct{ PresetToken string }
		}
	}
	instead := ""
	if token != "" {
		instead = presetToken(token)
	}
	if err := p.tell(ctx, "SetPreset", `<PresetName>`+escaped(name)+`</PresetName>`+instead, &answer); err != nil {
		return "", err
	}
	made := strings.TrimSpace(answer.Body.SetPresetResponse.PresetToken)
	if made == "" || len(made) > maxTextBytes {
		return "", fmt.Errorf("%w: it does not say which preset it made", ErrNotONVIF)
	}
	return made, nil
}

// RemovePreset has it forget a position.
func (p *PTZ) RemovePreset(ctx context.Context, token string) error {
	return p.tell(ctx, "RemovePreset", presetToken(token), nil)
}

func presetToken(token string) string { return `<PresetToken>` + escaped(token) + `</PresetToken>` }

// tell asks the service something about the profile. An answer that is nil is not looked
// at, but for whether the camera refuses.
func (p *PTZ) tell(ctx context.Context, what, more string, answer any) error {
	if answer == nil {
		answer = new(struct{})
	}
	return p.device.call(ctx, p.service, `<`+what+ptzNS+`><ProfileToken>`+p.profile+`</ProfileToken>`+more+`</`+what+`>`, answer)
}
