// Package doctor looks at the machine around a server and says what it finds: folders,
// ports, the clock, what a process may have. It changes nothing and needs no server.
//
// It knows nothing of what a server does with all that: package server says what to look
// at, adds what it knows of ffmpeg and cameras, and the command line shows it.
package doctor

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// State says how bad something is.
type State string

// The states. What is Bad keeps the server, or part of it, from working.
const (
	OK   State = "ok"
	Warn State = "warn"
	Bad  State = "fail"
)

// Finding is one thing that was looked at.
type Finding struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	Text  string `json:"text"`
	Next  string `json:"next,omitempty"` // what to do; "" where nothing need be done
}

// Good gives a finding of what is as it should be.
func Good(name, text string, args ...any) Finding {
	return Finding{Name: name, State: OK, Text: fmt.Sprintf(text, args...)}
}

// But gives a finding of something that is not as it should be.
func But(name string, state State, next, text string, args ...any) Finding {
	return Finding{Name: name, State: state, Text: fmt.Sprintf(text, args...), Next: next}
}

// Folder looks at one that the server writes to, where at least so many bytes should be
// free. One that is not there yet is fine where it can be made.
func Folder(name, folder string, least int64) Finding {
	about, err := os.Stat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return missingFolder(name, folder)
	}
	if err == nil && !about.IsDir() {
		return But(name, Bad, "move it away, or name another folder", "%s is no folder", folder)
	}
	if err == nil {
		err = tryToWrite(folder)
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return But(name, Bad, "free some space", "%s: the disk is full", folder)
	case errors.Is(err, syscall.EROFS):
		return But(name, Bad, "mount the disk so that it can be written; where that was so, look at the kernel's log for why it became read-only", "%s is on a disk that is read-only", folder)
	case err != nil:
		return But(name, Bad, fmt.Sprintf("give it to the user that the server runs as (%d), or run this as that user: chown -R %d %s", os.Getuid(), os.Getuid(), folder), "%s cannot be written by user %d: %v", folder, os.Getuid(), err)
	}
	free, err := Free(folder)
	switch {
	case err != nil:
		return But(name, Warn, "see whether the disk is well", "%s can be written, but not asked what is free: %v", folder, err)
	case free < least:
		return But(name, Warn, "free some space, or keep less", "%s can be written, but has %s free, and should have %s", folder, Bytes(free), Bytes(least))
	}
	return Good(name, "%s can be written and has %s free", folder, Bytes(free))
}

// missingFolder looks whether a folder can be made.
func missingFolder(name, folder string) Finding {
	above := filepath.Dir(folder)
	for above != filepath.Dir(above) {
		if _, err := os.Stat(above); err == nil {
			break
		}
		above = filepath.Dir(above)
	}
	if err := tryToWrite(above); err != nil {
		return But(name, Bad, fmt.Sprintf("make it and give it to user %d: mkdir -p %s && chown %d %s", os.Getuid(), folder, os.Getuid(), folder), "%s is not there and cannot be made: %v", folder, err)
	}
	return Good(name, "%s is not there yet; the server makes it", folder)
}

// tryToWrite makes a file in a folder, with something in it, and takes it away again.
func tryToWrite(folder string) error {
	f, err := os.CreateTemp(folder, ".doctor-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	_, err = f.Write(make([]byte, 4096))
	return err
}

// Server is a Framegate that runs, by its processes.
type Server struct {
	processes map[string]string // names by number; none where that cannot be seen
}

// ServerAt gives the one that listens at a TCP address, of which the caller knows that
// it is one.
func ServerAt(address string) *Server {
	_, port, _ := net.SplitHostPort(address)
	return &Server{owners("tcp", port)}
}

// has says whether an address of these owners is the server's, as far as can be seen. One
// that systemd opened is of systemd as well.
func (s *Server) has(owners map[string]string) bool {
	if len(s.processes) == 0 || len(owners) == 0 {
		return true
	}
	for number := range owners {
		if _, ok := s.processes[number]; ok {
			return true
		}
	}
	return false
}

// Port looks at an address that the server listens on, of the network "tcp" or "udp".
// running is the one that does so at the moment, or should; nil is none.
func Port(name, network, address string, running *Server) Finding {
	err := listen(network, address)
	if err == nil {
		return Good(name, "%s is free", address)
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return taken(name, network, address, running)
	case errors.Is(err, fs.ErrPermission):
		return But(name, Bad, "take a port above 1023, or give the program the right: setcap cap_net_bind_service+ep FILE", "%s is not for user %d", address, os.Getuid())
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return But(name, Bad, "listen on an address that this machine has, or on 0.0.0.0 for all", "%s is no address of this machine", address)
	}
	return But(name, Bad, "see the manual for how addresses are written", "%s cannot be listened on: %v", address, err)
}

// taken looks at whose an address is that is taken.
func taken(name, network, address string, running *Server) Finding {
	_, port, _ := net.SplitHostPort(address)
	whose := owners(network, port)
	switch {
	case running == nil:
		return But(name, Bad, "end that program, or have the server listen elsewhere", "%s is taken%s, which does not answer as Framegate", address, by(whose))
	case !running.has(whose):
		return But(name, Bad, "end that program, or have the server listen elsewhere, and start it again", "%s is taken%s, which is not the server that runs", address, by(whose))
	}
	return Good(name, "%s is taken%s, as it should be while the server runs", address, by(whose))
}

// listen says why nobody can at an address; nil where one can.
func listen(network, address string) error {
	var at io.Closer
	var err error
	if network == "udp" {
		at, err = net.ListenPacket(network, address)
	} else {
		at, err = net.Listen(network, address)
	}
	if err == nil {
		at.Close()
	}
	return err
}

// by says in words whose an address is.
func by(owners map[string]string) string {
	if len(owners) == 0 {
		return " by a process that this user cannot see"
	}
	var all []string
	for number, name := range owners {
		all = append(all, fmt.Sprintf("%s (process %s)", name, number))
	}
	slices.Sort(all)
	return " by " + strings.Join(all, " and ")
}

// Bytes gives a number of bytes as people read it.
func Bytes(n int64) string {
	const units = "kMGTP"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n), -1
	for value >= 999.5 && unit < len(units)-1 { // which is shown as 1000
		value, unit = value/1000, unit+1
	}
	return fmt.Sprintf("%.3g %cB", value, units[unit])
}

// Worst gives the worst state of findings.
func Worst(all []Finding) State {
	worst := OK
	for _, f := range all {
		if f.State == Bad || f.State == Warn && worst == OK {
			worst = f.State
		}
	}
	return worst
}
