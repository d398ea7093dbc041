// Package onvif finds cameras in the network, asks them where their pictures are, and
// turns those that turn:
// WS-Discovery (OASIS, April 2005), and of ONVIF the Core, Media and PTZ
// specifications, as far as it takes to know a camera's profiles and addresses.
//
// What cameras say is not believed: an answer has 256 kB at most and no DTD, a call
// lasts 5 s, an address of theirs is taken without its host, so that a name and a
// password go to the camera alone and nobody is sent elsewhere by it. Cameras say
// wrong addresses of themselves behind networks and after moves, so this is also
// what makes them work.
//
// It knows nothing of our cameras. Package server calls it for an admin who asks, and
// package ptz for who may turn a camera.
package onvif

import (
	"errors"
	"time"
)

// Bounds on what cameras say.
const (
	callTime     = 5 * time.Second
	idleTime     = 30 * time.Second // of a connection
	maxAnswer    = 256 << 10        // bytes
	maxFound     = 256              // cameras of a search
	maxProfiles  = 32               // of a camera
	maxPresets   = 256              // likewise
	maxTextBytes = 200              // of a name
	maxURLBytes  = 2048             // of an address
	maxRate      = 1000             // pictures a second
)

// Errors that callers tell apart.
var (
	// ErrLogin: the camera wants a name and a password, or others.
	ErrLogin = errors.New("the camera wants another name or password")
	// ErrNotONVIF: what is at the address does not speak it.
	ErrNotONVIF = errors.New("it does not answer as ONVIF cameras do")
	// ErrRefused: the camera will not do what it was told, and its words say why.
	ErrRefused = errors.New("the camera refuses")
	// ErrFixed: the camera has nothing that turns.
	ErrFixed = errors.New("the camera cannot be turned: it has no PTZ service, or has it switched off")
)

// Found is a camera that answered a search.
type Found struct {
	Address  string // of its device service: an http URL with the host that it answered from
	Name     string // as it calls itself; "" where it does not
	Hardware string // its model, "" where it does not say
}

// About is what a camera says of itself. Every text is cut to 200 bytes of one line.
type About struct {
	Manufacturer, Model, Firmware string
	Turns                         bool // it has a service to be turned (PTZ)
	Profiles                      []Profile
}

// Profile is one form in which a camera gives its pictures.
type Profile struct {
	Token, Name   string
	Codec         string // h264, h265, jpeg; "" for others
	Width, Height int    // pixels; 0 where it is not said
	FPS           float64
	Sound         string // its encoding as the camera names it; "" for none
	Stream        string // an rtsp URL without name and password; "" where it gives none
	Snapshot      string // an http URL likewise
}
