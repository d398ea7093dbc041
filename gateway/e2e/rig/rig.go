// Package rig is what the end-to-end tests share: gateways to be tested, in this
// process or one of their own, what asks them and publishes to them, and the
// programs of others that do. Each folder beside it is a subject, a package of
// tests only. Nothing but tests may import it, nor does it test anything.
package rig

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"framegate/gateway/command"
)

// Server is a gateway that runs in this process, as the command line starts it.
type Server struct {
	URL       string   // scheme://host:port
	Port      string   // of the URL
	Config    string   // the configuration file; empty where there is none
	Data      string   // the folder of its state
	Variables []string // of its environment; it sees no other
	Printed   *Buffer  // on its standard output
	Log       *Buffer  // on its standard error, at the level debug

	stop   func()
	status chan int // one, and closed when that was read
}

// patient has a gateway wait for what it is asked. A test that gets no processor for some
// seconds may be late with it, and would be hung up on. What is about that limit says
// another in its variables, of which the last counts.
const patient = "FRAMEGATE_LIMITS__HEADER_TIMEOUT=1m"

// newServer is a gateway that has yet to be started.
func newServer(config, data string, variables []string) *Server {
	return &Server{
		Config: config, Data: data, Variables: append([]string{"FRAMEGATE_DATA=" + data, patient}, variables...),
		Printed: &Buffer{}, Log: &Buffer{}, status: make(chan int, 1),
	}
}

// Start runs a gateway without logins until the test ends, with a
// configuration, or with the defaults where that is empty.
func Start(t *testing.T, configuration string) *Server {
	t.Helper()
	config := ""
	if configuration != "" {
		config = WriteConfig(t, configuration)
	}
	s := newServer(config, t.TempDir(), []string{"FRAMEGATE_AUTH=off"})
	s.run(t, "127.0.0.1:0")
	return s
}

// Launch is Start with an address to listen on, of the network too, and with
// variables, which count more than what the configuration says. "" is a
// configuration without anything in it.
func Launch(t *testing.T, listen, configuration string, variables ...string) *Server {
	t.Helper()
	return LaunchFile(t, listen, WriteConfig(t, configuration), variables...)
}

// LaunchFlags is Start with more words on the command line.
func LaunchFlags(t *testing.T, configuration string, flags ...string) *Server {
	t.Helper()
	s := newServer(WriteConfig(t, configuration), t.TempDir(), []string{"FRAMEGATE_AUTH=off"})
	s.run(t, "127.0.0.1:0", flags...)
	return s
}

// LaunchFile is Launch with a configuration that is a file already.
func LaunchFile(t *testing.T, listen, config string, variables ...string) *Server {
	t.Helper()
	s := newServer(config, t.TempDir(), append([]string{"FRAMEGATE_AUTH=off"}, variables...))
	s.run(t, listen, "--allow-open")
	return s
}

// run runs the gateway until the test ends, and comes back when it listens.
func (s *Server) run(t *testing.T, listen string, flags ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	args := s.serving(listen, flags...)
	go func() { s.status <- command.Run(ctx, args, s.Variables, s.Printed, s.Log) }() // ends before the test does
	t.Cleanup(func() {
		s.End(t)
		s.showLog(t)
	})
	s.awaitAddress(t)
}

// serving is the command line that starts the gateway.
func (s *Server) serving(listen string, flags ...string) []string {
	args := append([]string{"serve", "--listen", listen, "--log-level", "debug", "--log-format", "text"}, s.ConfigFlags()...)
	return append(args, flags...)
}

// ConfigFlags gives what every command of this gateway has to be told.
func (s *Server) ConfigFlags() []string {
	if s.Config == "" {
		return nil
	}
	return []string{"--config", s.Config}
}

// showLog shows the end of the log where the test failed, but what a bus says of itself, which is much.
func (s *Server) showLog(t *testing.T) {
	if t.Failed() {
		log := chatter.ReplaceAllString(s.Log.String(), "")
		t.Logf("the gateway's log ends:\n%s", log[max(0, len(log)-20_000):])
	}
}

var chatter = regexp.MustCompile(`(?m)^time=\S+ level=DEBUG msg="the bus of the cluster" .*\n`)

var addressPrinted = regexp.MustCompile(`https?://[^/\s]+:[0-9]+`)

// awaitAddress waits until the gateway has printed all that it prints when it
// listens, which an empty line ends, and takes its address from that.
func (s *Server) awaitAddress(t *testing.T) {
	t.Helper()
	Await(t, "the addresses are printed", func() bool {
		select {
		case status := <-s.status:
			close(s.status)
			t.Fatalf("the gateway ends with status %d: %s", status, s.Log)
		default:
		}
		return strings.Count(s.Printed.String(), "\n\n") > 1
	})
	s.URL = addressPrinted.FindString(s.Printed.String())
	_, host, _ := strings.Cut(s.URL, "//")
	var err error
	if _, s.Port, err = net.SplitHostPort(host); err != nil {
		t.Fatalf("%v in what the gateway prints: %s", err, s.Printed)
	}
}

// Stop tells the gateway to end, as a signal does, and does not wait for that.
func (s *Server) Stop() { s.stop() }

// End stops the gateway and expects it to end well. Ending it again does
// nothing.
func (s *Server) End(t *testing.T) {
	t.Helper()
	s.Stop()
	select {
	case status, running := <-s.status:
		if running && status != 0 {
			t.Errorf("exit status %d", status)
		}
		if running {
			close(s.status)
		}
	case <-time.After(Ceiling):
		t.Error("the gateway does not end")
	}
}

// StartAgain runs the gateway that has ended once more, with what it had, at the
// address that it had.
func (s *Server) StartAgain(t *testing.T) {
	t.Helper()
	s.Printed, s.status = &Buffer{}, make(chan int, 1)
	s.run(t, "127.0.0.1:"+s.Port)
}

// EndInTime ends the gateway, and expects that in the time that a signal's
// sender is promised.
func (s *Server) EndInTime(t *testing.T) {
	t.Helper()
	ended := make(chan struct{})
	late := Unhurried(t, 5*time.Second)
	go func() { // ends with the gateway, or after the ceiling
		defer close(ended)
		s.End(t)
	}()
	began := time.Now()
	select {
	case <-ended:
	case <-late:
		<-ended
		t.Errorf("it took %v to end", time.Since(began))
	}
}

// WriteConfig writes a configuration to a file of the test, and gives its name.
func WriteConfig(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "framegate.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
