package stream

import (
	"errors"
	"io"
	"net"
)

// Reason is why a run of a source ended by itself, as one of few, for those who
// count. What exactly was wrong the error says.
type Reason uint8

// The reasons. One that fits none is ReasonOther.
const (
	ReasonDenied      Reason = iota // the camera refused our credentials
	ReasonUnreachable               // no connection to it came about
	ReasonSilent                    // it gave no picture for too long
	ReasonEnded                     // it ended the stream, or the connection
	ReasonLimit                     // a limit of ours was reached
	ReasonPanic                     // the source is broken
	ReasonOther
	reasons
)

// Reasons is all of them, in order.
func Reasons() (all []Reason) {
	for r := range reasons {
		all = append(all, r)
	}
	return all
}

// String gives the reason as metrics spell it.
func (r Reason) String() string {
	return [...]string{"denied", "unreachable", "silent", "ended", "limit", "panic", "other"}[r]
}

// Words gives the reason as people are told it where nobody knows more.
func (r Reason) Words() string {
	return [...]string{
		"the camera refuses the login", "no connection to the camera came about", "no picture came for too long", "the camera ended the stream",
		"a limit of the server was reached", "what takes its pictures is broken", "the camera gives no pictures",
	}[r]
}

// Silent gives an error with this text, for runs that end since no picture, or nothing
// at all, came for too long.
func Silent(text string) error { return &reasonError{ReasonSilent, text} }

// Unreachable gives an error with this text, for runs that end since no connection came
// about.
func Unreachable(text string) error { return &reasonError{ReasonUnreachable, text} }

// Ended gives an error with this text, for runs that end since the camera ended them.
func Ended(text string) error { return &reasonError{ReasonEnded, text} }

// reasonError is an error whose reason whoever made it knows.
type reasonError struct {
	reason Reason
	text   string
}

func (e *reasonError) Error() string { return e.text }

// panicError is what became of a panic.
type panicError struct{ error }

// ReasonOf says which of the reasons an error is, which ended a run.
func ReasonOf(err error) Reason {
	var panicked *panicError
	var known *reasonError
	var network net.Error
	var operation *net.OpError
	var lookup *net.DNSError
	switch {
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ReasonEnded
	case errors.As(err, &panicked):
		return ReasonPanic
	case errors.Is(err, ErrDenied):
		return ReasonDenied
	case errors.Is(err, ErrFull):
		return ReasonLimit
	case errors.As(err, &known):
		return known.reason
	case errors.As(err, &lookup), errors.As(err, &operation) && operation.Op == "dial":
		return ReasonUnreachable
	case errors.As(err, &network) && network.Timeout():
		return ReasonSilent
	case errors.As(err, &network):
		return ReasonEnded // it was cut
	}
	return ReasonOther
}
