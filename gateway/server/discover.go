package server

import (
	"context"

	"framegate/gateway/onvif"
	"framegate/gateway/ptz"
	"framegate/gateway/redact"
	"framegate/gateway/roster"
)

// Search asks the networks that this machine is in which cameras there are.
func (s control) Search(ctx context.Context) ([]onvif.Found, error) { return onvif.Search(ctx) }

// Look asks a camera what it is, where cameras of the API may be.
func (s control) Look(ctx context.Context, o onvif.Options) (*onvif.About, error) {
	o.Dial = s.dialerFor(roster.Camera{Added: true})
	return onvif.Look(ctx, o)
}

// turning says where a camera is told to turn, and how.
func (s *server) turning(id string) (onvif.Options, error) {
	c, there := s.cameras.Find(id)
	if !there || c.ONVIF == "" {
		return onvif.Options{}, ptz.ErrNone
	}
	return onvif.Options{
		Address: c.ONVIF, Username: c.Username, Password: c.Password.Reveal(), InsecureTLS: c.TLSInsecure, Dial: s.dialerFor(c),
	}, nil
}

// unstopped says in the log that a camera may still move. One that was removed has nobody
// who knows its secrets any more, so what it says is left out.
func (s *server) unstopped(id string, err error) {
	log := s.Log.With("camera", id)
	if c, there := s.cameras.Find(id); there {
		log = log.With("err", redact.New(c.Camera).Error(err))
	}
	log.Error("the camera may still move: it does not take a stop")
}
