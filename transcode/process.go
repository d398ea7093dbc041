package transcode

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"
)

// How long a process has to end by itself once it was asked to, and how long
// its pipes may stay open after it ended.
const (
	stopGrace = 2 * time.Second
	waitDelay = time.Second
)

// Process is a running ffmpeg. Read is for one goroutine; Close may be called
// from any.
type Process struct {
	cmd    *exec.Cmd
	stdout *os.File
	frames *bufio.Reader
	stderr tail
	ended  sync.Once
	detach func() bool   // from the context that ends it
	gone   chan struct{} // closed once ffmpeg has ended and was waited for
	exit   error         // how it ended; set when gone is closed
}

// Start runs ffmpeg. The process ends with ctx, with Close, and with
// Framegate itself, however that ends (on Linux). The caller calls Close.
func Start(ctx context.Context, s Spec) (*Process, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	args, err := patternArgs(s)
	if err != nil {
		return nil, err
	}
	program := s.FFmpeg
	if program == "" {
		program = "ffmpeg"
	}
	stdout, theirs, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("opening a pipe for ffmpeg: %w", err)
	}
	defer theirs.Close()
	p := &Process{
		cmd:    exec.Command(program, args...),
		stdout: stdout,
		frames: bufio.NewReaderSize(stdout, 64<<10),
		gone:   make(chan struct{}),
	}
	p.cmd.Stdout, p.cmd.Stderr = theirs, &p.stderr
	p.cmd.WaitDelay = waitDelay
	p.cmd.SysProcAttr = ownGroup()
	started := make(chan error)
	go p.live(started) // ends with the process; Close waits for it
	if err := <-started; err != nil {
		stdout.Close()
		return nil, fmt.Errorf("starting ffmpeg: %w", err)
	}
	p.detach = context.AfterFunc(ctx, p.end)
	return p, nil
}

// live starts the process and waits for it, on an operating system thread of
// its own: a child that is to die with its parent dies with the thread that
// made it (prctl(2), PR_SET_PDEATHSIG).
func (p *Process) live(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.exit = p.cmd.Wait()
	close(p.gone)
}

// Read gives the next frame, and waits for it. When ffmpeg has ended it gives
// an error that says how, with the last of what ffmpeg printed.
func (p *Process) Read() (Packet, error) {
	data, err := readPart(p.frames)
	if err == nil {
		return Packet{Data: data}, nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, os.ErrClosed) {
		return Packet{}, p.ending()
	}
	return Packet{}, fmt.Errorf("reading from ffmpeg: %w", err)
}

// ending says how the process ended. It has closed its output; if it lives on
// without one, it is ended.
func (p *Process) ending() error {
	select {
	case <-p.gone:
	case <-time.After(stopGrace):
		p.end()
	}
	how := "exit status 0"
	if p.exit != nil {
		how = p.exit.Error()
	}
	if said := p.stderr.String(); said != "" {
		how += ": " + said
	}
	return fmt.Errorf("ffmpeg ended: %s", how)
}

// Close ends the process, asking first, and returns when it is gone, which
// takes two seconds at the most and a few milliseconds as a rule. Closing
// again does nothing. A Read that waits gives an error.
func (p *Process) Close() {
	p.detach()
	p.end()
}

func (p *Process) end() {
	p.ended.Do(func() {
		p.signal(false)
		p.stdout.Close() // a full pipe would keep it from hearing the signal
		select {
		case <-p.gone:
		case <-time.After(stopGrace):
			p.signal(true)
		}
	})
	<-p.gone
}

func (p *Process) signal(kill bool) {
	select {
	case <-p.gone: // its number may be another's by now
	default:
		signalGroup(p.cmd.Process, kill)
	}
}

// tail keeps the last bytes that ffmpeg printed, as one line.
type tail struct {
	mu sync.Mutex // guards b
	b  []byte
}

const maxTail = 2 << 10

// Write takes what ffmpeg prints and never fails, so that ffmpeg never waits.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b[max(0, len(b)-maxTail):]...)
	if extra := len(t.b) - maxTail; extra > 0 {
		t.b = append(t.b[:0], t.b[extra:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.FieldsFunc(string(t.b), func(r rune) bool { return r == '\n' || r == '\r' })
	return strings.Join(lines, "; ")
}
