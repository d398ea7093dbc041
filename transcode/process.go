package transcode

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// drainGrace is what ffmpeg gets to end by itself once its input ended,
	// and stopGrace what it gets once it was asked to.
	drainGrace = 500 * time.Millisecond
	stopGrace  = 2 * time.Second
	// killGrace is what the kernel gets to end it. It does not where ffmpeg waits
	// for a disk or a device that does not answer.
	killGrace = 5 * time.Second
	// waitDelay is how long pipes may stay open after ffmpeg ended.
	waitDelay = time.Second
	// patience is how long ffmpeg may take packets and give none, or not take
	// one. Where packets are rare it is silentIntervals of their interval.
	patience        = 5 * time.Second
	silentIntervals = 10
	// idlePatience is patience with one that works only when nothing else wants
	// the processor.
	idlePatience = time.Minute
	// maxQueued is how many JPEGs are inside ffmpeg at a time, and queuePause
	// how long one is kept out. More would be a queue: the encoder is too
	// slow, and the writer better waits and then brings the newest.
	maxQueued  = 3
	queuePause = time.Second
)

var (
	// ErrStalled: ffmpeg takes packets and gives none.
	ErrStalled = errors.New("ffmpeg gives nothing")
	// ErrSpent: the media times of H264 or H265 packets have come 49 days from the
	// first one's, which is as far as ffmpeg can count. Another has to go on.
	ErrSpent = errors.New("ffmpeg cannot count any further")
)

// Process is a running ffmpeg. Write is for one goroutine and Read for one
// other; Close may be called from any.
type Process struct {
	cmd    *exec.Cmd
	rights confinement
	stderr tail
	ended  sync.Once
	detach func() bool   // from the context that ends it
	gone   chan struct{} // closed once ffmpeg has ended and was waited for
	exit   error         // how it ended; set when gone is closed
	zscale *trial        // nil where it is of no use

	in     Codec
	timed  bool           // JPEGs go in by their times
	whole  bool           // nobody waits for what goes in
	hurry  int            // packets to come that are decoded and not shown
	skip   time.Duration  // of media time, likewise
	began  *time.Duration // the media time from which that counts; nil until then
	stdin  *os.File       // nil where nothing is written
	pre    []byte         // to be written before the next packet's data
	stamps stamps
	watch  watch
	room   chan struct{} // cap 1: a packet came out

	stdout        *os.File
	flushing      atomic.Bool   // its input has ended
	flushPatience time.Duration // for what comes out then
	frames        *bufio.Reader
	demuxer       demuxer
	clock         clock // of what comes out where nothing is written
}

// Start runs ffmpeg. The process ends with ctx, with Close, and with
// Framegate itself, however that ends (on Linux). The caller calls Close.
func Start(ctx context.Context, s Spec) (*Process, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	var zscale *trial
	if s.suitsZscale() {
		zscale = trialOf(s.FFmpeg)
		s.useZscale = zscale.passed(ctx, s.FFmpeg)
	}
	args, err := arguments(s)
	if err != nil {
		return nil, err
	}
	p, err := launched(ctx, s.FFmpeg, args, s.confined(), s.In)
	if err != nil {
		return nil, err
	}
	if s.Background {
		lowerPriority(p.cmd.Process)
		p.watch.patience, p.flushPatience = idlePatience, 10*idlePatience
	}
	p.whole, p.hurry, p.skip = s.Whole, s.Hurry, s.Skip
	p.zscale = zscale
	p.demuxer = &smjpegReader{}
	if s.Out == H264 {
		p.demuxer = &flvReader{unmarked: s.Device != ""}
	}
	switch s.In {
	case JPEG:
		p.pre = append(p.pre, ivfHeader...)
		if p.timed = s.timed(); p.timed {
			p.pre = slices.Concat(flvHeader, flvRate)
		}
	case H264:
		p.stamps.order = orderOf(s.In, s.Config)
		p.pre = slices.Concat(flvHeader, flvRate)
		p.pre = appendTagHead(p.pre, true, avcSequenceHeader, 0, 0, len(s.Config))
		p.pre = appendTagTail(append(p.pre, s.Config...), len(s.Config))
	case H265:
		p.stamps.order = orderOf(s.In, s.Config)
		p.pre = appendMatroskaHead(p.pre, s.Config, max(s.InWidth, 1), max(s.InHeight, 1))
	}
	return p, nil
}

// orFFmpeg gives the program that a Spec names.
func orFFmpeg(program string) string { return cmp.Or(program, "ffmpeg") }

// launched is ffmpeg with these arguments and rights, to which packets of in
// are to be written. It ends as a Process that Start gives.
func launched(ctx context.Context, program string, args []string, rights confinement, in Codec) (*Process, error) {
	cmd, err := command(orFFmpeg(program), args, rights)
	if err != nil {
		return nil, fmt.Errorf("starting ffmpeg: %w", err)
	}
	p := &Process{cmd: cmd, rights: rights, gone: make(chan struct{}), in: in, room: make(chan struct{}, 1), flushPatience: idlePatience}
	if err := p.launch(); err != nil {
		return nil, fmt.Errorf("starting ffmpeg: %w", err)
	}
	p.detach = context.AfterFunc(ctx, func() { p.end() })
	return p, nil
}

// launch opens the pipes and starts the process.
func (p *Process) launch() error {
	stdout, theirStdout, err := os.Pipe()
	if err != nil {
		return err
	}
	defer theirStdout.Close()
	p.stdout, p.frames = stdout, bufio.NewReaderSize(stdout, 64<<10)
	p.cmd.Stdout, p.cmd.Stderr = theirStdout, &p.stderr
	p.cmd.WaitDelay = waitDelay
	p.cmd.SysProcAttr = ownGroup()
	if p.in != 0 {
		theirStdin, stdin, err := os.Pipe()
		if err != nil {
			stdout.Close()
			return err
		}
		defer theirStdin.Close()
		p.stdin, p.cmd.Stdin = stdin, theirStdin
	}
	started := make(chan error)
	go p.live(started) // ends with the process; Close waits for it
	if err := <-started; err != nil {
		p.closePipes()
		return err
	}
	return nil
}

// live starts the process and waits for it, on an operating system thread of
// its own: a child that is to die with its parent dies with the thread that
// made it (prctl(2), PR_SET_PDEATHSIG).
func (p *Process) live(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	if err == nil && p.cmd.Path != self { // who becomes ffmpeg bounds itself
		if err = limitAll(p.cmd.Process.Pid, p.rights); err != nil {
			p.cmd.Process.Kill()
			p.cmd.Wait()
		}
	}
	started <- err
	if err != nil {
		return
	}
	endGroup(p.cmd.Process)
	p.exit = p.cmd.Wait()
	close(p.gone)
}

// Write gives ffmpeg a packet. It waits until ffmpeg takes it, and keeps it
// back for a while when there are JPEGs inside already: who is too slow for
// what comes should skip to the newest. It fails, and the process is then of
// no use, when ffmpeg has ended, takes nothing or gives nothing (ErrStalled),
// or has worked for 49 days (ErrSpent).
func (p *Process) Write(packet Packet) error {
	if !p.watch.written(time.Now(), p.shows(packet)) {
		return fmt.Errorf("%w: %s", ErrStalled, p.stderr.String())
	}
	head, tail, err := p.wrapped(packet)
	if err != nil {
		return err
	}
	p.pre = head[:0]
	for _, b := range [...][]byte{head, packet.Data, tail} {
		if len(b) == 0 {
			continue
		}
		if err := p.stdin.SetWriteDeadline(time.Now().Add(p.watch.least())); err != nil {
			return p.brokenPipe(err)
		}
		if _, err := p.stdin.Write(b); err != nil {
			return p.brokenPipe(err)
		}
	}
	return nil
}

// shows says whether something is to come out of a packet that is about to be
// written. The first of a hurried backlog is not told from what follows it.
func (p *Process) shows(packet Packet) bool {
	if p.hurry > 0 {
		p.hurry--
		return false
	}
	if p.skip == 0 {
		return true
	}
	if p.began == nil {
		p.began = &packet.PTS
	}
	return packet.PTS-*p.began >= p.skip
}

// wrapped gives what goes before and behind a packet, and labels it.
func (p *Process) wrapped(packet Packet) (head, tail []byte, err error) {
	size := len(packet.Data)
	switch {
	case p.timed:
		at, ok := p.stamps.time(packet)
		if !ok {
			return nil, nil, ErrSpent
		}
		head, size = appendJPEGHead(p.pre, at, size)
		return head, appendTagTail(nil, size), nil
	case p.in == JPEG:
		if !p.whole {
			p.awaitRoom()
		}
		return appendFrameHead(p.pre, size, p.stamps.place(packet)), nil, nil
	}
	dts, cts, ok := p.stamps.tag(packet)
	if !ok {
		return nil, nil, ErrSpent
	}
	if p.in == H265 {
		return appendClusterHead(p.pre, packet.Key, uint64(int64(dts)+int64(cts)), size), nil, nil
	}
	return appendTagHead(p.pre, packet.Key, avcNALUs, dts, cts, size), appendTagTail(nil, size), nil
}

// CloseWrite tells ffmpeg that no more comes: what it has inside comes out,
// and then Read gives an error that wraps io.EOF; or ErrStalled, where nothing
// comes out for a minute, or for ten of what is in the background.
func (p *Process) CloseWrite() {
	p.stdin.Close()
	p.flushing.Store(true)
	p.await()
}

// await has what is read fail that does not come for long from now on, once the input has ended.
func (p *Process) await() {
	if !p.flushing.Load() {
		return
	}
	_ = p.stdout.SetReadDeadline(time.Now().Add(p.flushPatience)) // fails where it is closed
}

// awaitRoom waits while there are enough packets inside.
func (p *Process) awaitRoom() {
	if p.stamps.count() < maxQueued {
		return
	}
	late := time.NewTimer(queuePause)
	defer late.Stop()
	for p.stamps.count() >= maxQueued {
		select {
		case <-p.room:
		case <-p.gone:
			return
		case <-late.C:
			return
		}
	}
}

func (p *Process) brokenPipe(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%w and takes nothing for %v", ErrStalled, p.watch.least())
	}
	return p.ending()
}

// Read gives the next packet, and waits for it. When ffmpeg has ended it gives
// an error that says how, with the last of what ffmpeg printed; after
// CloseWrite it wraps io.EOF, or is ErrStalled.
func (p *Process) Read() (Packet, error) {
	p.await()
	packet, label, err := p.demuxer.read(p.frames)
	if err != nil {
		return Packet{}, p.unread(err)
	}
	p.watch.answered()
	if p.in == 0 {
		packet.PTS = p.clock.at(label)
	} else {
		p.stamps.restore(&packet, label)
	}
	select {
	case p.room <- struct{}{}:
	default:
	}
	return packet, nil
}

// unread says why nothing could be read.
func (p *Process) unread(err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, os.ErrClosed):
		return p.ending()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w and does not end, though its input did: %s", ErrStalled, p.stderr.String())
	}
	return fmt.Errorf("reading from ffmpeg: %w", err)
}

// ending says how the process ended. It has closed a pipe; if it lives on
// without one, it is ended.
func (p *Process) ending() error {
	select {
	case <-p.gone:
	case <-time.After(stopGrace):
		if !p.end() {
			return errors.New("ffmpeg does not end, though it was killed: it waits for a disk or a device")
		}
	}
	how := "ffmpeg ended"
	if p.exit != nil {
		how += ": " + p.exit.Error()
	}
	if said := p.stderr.String(); said != "" { // also where it calls that a success, as when a device is unplugged
		how += ": " + said
	}
	if p.exit == nil {
		return fmt.Errorf("%s: %w", how, io.EOF)
	}
	p.zscale.failed(how)
	return errors.New(how)
}

// Close ends the process, asking first, and returns when it is gone, which
// takes two and a half seconds at the most and a few milliseconds as a rule; one
// that even the kernel cannot end is left behind after five more. Closing again does
// nothing. A Read or Write that waits gives an error.
func (p *Process) Close() {
	p.detach()
	p.end()
}

// end does so, and says whether the process is gone.
func (p *Process) end() bool {
	p.ended.Do(func() {
		defer p.closePipes()
		if p.stdin != nil {
			p.stdin.Close()
			if p.within(drainGrace) {
				return
			}
		}
		p.signal(false)
		p.stdout.Close() // a full pipe would keep it from hearing the signal
		if !p.within(stopGrace) {
			p.signal(true)
		}
	})
	return p.within(killGrace)
}

// CPU gives the processor time that ffmpeg took so far. It reads a file where ffmpeg
// lives, so it is for those who ask now and then.
func (p *Process) CPU() time.Duration {
	select {
	case <-p.gone:
		return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
	default:
		return timeOf(p.cmd.Process.Pid)
	}
}

// Inside counts the packets that were written and did not come out yet.
func (p *Process) Inside() int { return p.stamps.count() }

// within waits for the process to end, and says whether it did in time.
func (p *Process) within(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.gone:
		return true
	case <-t.C:
		return false
	}
}

func (p *Process) signal(kill bool) {
	select {
	case <-p.gone: // its number may be another's by now
	default:
		signalGroup(p.cmd.Process, kill)
	}
}

func (p *Process) closePipes() {
	p.stdout.Close()
	if p.stdin != nil {
		p.stdin.Close()
	}
}
