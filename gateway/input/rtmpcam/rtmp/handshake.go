package rtmp

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
)

const (
	version  = 3
	helloLen = 1536 // of C1, S1, C2 and S2 (5.2)
)

// errVersion ends a connection of something else, or of RTMPE, which protects nothing.
var errVersion = errors.New("no RTMP of version 3")

// newHello makes a C1 or S1. Its version is 0: nobody who sees that has the digests of
// Flash.
func newHello() []byte {
	hello := make([]byte, helloLen)
	_, _ = rand.Read(hello[8:]) // never fails
	return hello
}

// readHello reads C0 and C1, or S0 and S1.
func readHello(from io.Reader) (hello []byte, err error) {
	var first [1]byte
	if _, err := io.ReadFull(from, first[:]); err != nil {
		return nil, err
	}
	if first[0] != version {
		return nil, fmt.Errorf("%w: it begins with %#x", errVersion, first[0])
	}
	hello = make([]byte, helloLen)
	_, err = io.ReadFull(from, hello)
	return hello, err
}

// greet shakes hands as a server. What comes back of our own is not compared: it would
// prove nothing, and there are clients that send something else.
func greet(rw io.Writer, from io.Reader) error {
	hello, err := readHello(from)
	if err != nil {
		return err
	}
	answer := append(append([]byte{version}, newHello()...), hello...)
	if _, err := rw.Write(answer); err != nil {
		return err
	}
	_, err = io.CopyN(io.Discard, from, helloLen)
	return err
}

// meet shakes hands as a client.
func meet(rw io.Writer, from io.Reader) error {
	if _, err := rw.Write(append([]byte{version}, newHello()...)); err != nil {
		return err
	}
	hello, err := readHello(from)
	if err != nil {
		return err
	}
	if _, err := rw.Write(hello); err != nil {
		return err
	}
	_, err = io.CopyN(io.Discard, from, helloLen)
	return err
}
