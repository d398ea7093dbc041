package server

import (
	"context"

	"framegate/gateway/onvif"
	"framegate/gateway/roster"
)

// Search asks the networks that this machine is in which cameras there are.
func (s control) Search(ctx context.Context) ([]onvif.Found, error) { return onvif.Search(ctx) }

// Look asks a camera what it is, where cameras of the API may be.
func (s control) Look(ctx context.Context, address, username, password string) (*onvif.About, error) {
	return onvif.Look(ctx, onvif.Options{
		Address: address, Username: username, Password: password, Dial: s.dialerFor(roster.Camera{Added: true}),
	})
}
