package rendition

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
	"framegate/transcode"
)

// SoundCodecs are those in which a camera's sound is made, each a rendition by the
// codec's name.
var SoundCodecs = []media.Codec{media.AAC, media.Opus}

// SoundKey gives a camera's sound in a codec of SoundCodecs.
func SoundKey(camera string, codec media.Codec) stream.Key {
	return stream.Key{Camera: camera, Rendition: codec.String()}
}

// ParseSoundKey reads the rendition of a SoundKey.
func ParseSoundKey(rendition string) (media.Codec, bool) {
	for _, codec := range SoundCodecs {
		if codec.String() == rendition {
			return codec, true
		}
	}
	return 0, false
}

// SoundOptions say what a Sound makes of what.
type SoundOptions struct {
	Hub    *stream.Hub
	Camera string
	Codec  media.Codec // one of SoundCodecs
	FFmpeg string      // the program; "" means ffmpeg on the PATH
	Slots  *Slots
	Common bool         // it is heard by whoever wants, and not by somebody alone
	Log    *slog.Logger // nil discards
}

// Sound is the Source of a camera's sound in another codec: what the camera sends,
// where it is that already, or what one ffmpeg makes of it for all who hear it.
type Sound struct {
	options SoundOptions
	given   given // by all runs so far
}

// NewSound makes a Sound. It starts nothing.
func NewSound(o SoundOptions) *Sound {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Log = o.Log.With("rendition", o.Codec.String())
	return &Sound{options: o}
}

// Run gives the camera's sound until ctx is done, the camera fails or goes away, or
// ffmpeg fails. It begins with the oldest sound there is, for those who begin with a
// picture that is as old, and after a failure where it was.
func (s *Sound) Run(ctx context.Context, emit func(media.Frame)) error {
	reader, err := s.options.Hub.Open(stream.Key{Camera: s.options.Camera}, stream.ReadOptions{Sound: true, Sequential: true, RunEnds: true})
	if err != nil {
		return err
	}
	defer reader.Close()
	r := soundRun{SoundOptions: s.options, given: &s.given, had: s.given, emit: func(f media.Frame) {
		s.given.note(f)
		emit(f)
	}}
	defer r.stop()
	for {
		frame, err := reader.Next(ctx)
		if errors.Is(err, stream.ErrRunEnded) {
			return reader.Because(errAway)
		}
		if err != nil {
			return err
		}
		if err := r.take(ctx, frame); err != nil {
			return err
		}
	}
}

// soundRun is one life of a Sound.
type soundRun struct {
	SoundOptions
	given   *given            // of the Sound; of who may emit
	had     given             // by the runs before, until there is what was not
	emit    func(media.Frame) // of one goroutine at a time: the encoder's, if there is one
	format  *media.Format     // of the camera's sound
	encoder *soundEncoder     // nil where bytes pass
}

// given is up to where a camera's pictures or its sound were given.
type given struct {
	run   uint64
	until time.Duration
}

func (g *given) note(f media.Frame) {
	if len(f.Data) > 0 {
		*g = given{f.Run, f.PTS + f.Duration()}
	}
}

// has says whether a frame is of a time that was given already. One that is earlier by
// more than most is new: the camera's clock was put back.
func (g *given) has(f *media.Frame, most time.Duration) bool {
	const jitter = 5 * time.Millisecond
	early := g.until - f.PTS
	return f.Run == g.run && early > jitter && early <= most
}

const (
	// mostAgain is how far back a stream's sound goes, and what a source that fails
	// and begins again finds. mostBefore is how far an encoder begins before what it
	// is given.
	mostAgain  = 15 * time.Second
	mostBefore = 50 * time.Millisecond
)

// take passes a frame on, through an encoder if need be.
func (r *soundRun) take(ctx context.Context, f media.Frame) error {
	if r.had.has(&f, mostAgain) {
		return nil
	}
	r.had = given{}
	if f.Format != r.format {
		r.stop()
		r.format = f.Format
		if f.Format.Codec != r.Codec {
			if err := r.start(ctx, f); err != nil {
				return err
			}
		}
	}
	if r.encoder == nil {
		r.emit(f)
		return nil
	}
	samples := f.Samples()
	if samples == 0 {
		return nil // a packet that is none
	}
	r.encoder.zero.Store(f.Wall.UnixNano() - int64(f.PTS))
	return r.encoder.process.Write(f.PTS, samples, f.Data)
}

// soundCodecs are media's codecs of sound as ffmpeg has them.
var soundCodecs = map[media.Codec]transcode.Codec{
	media.AAC: transcode.AAC, media.Opus: transcode.Opus, media.PCMA: transcode.PCMA, media.PCMU: transcode.PCMU,
}

// start starts an encoder for frames like one.
func (r *soundRun) start(ctx context.Context, f media.Frame) error {
	release, err := r.Slots.sound(r.Common, r.Hub.Clients(r.Camera))
	if err != nil {
		return err
	}
	process, err := transcode.StartSound(ctx, transcode.SoundSpec{
		FFmpeg: r.FFmpeg, In: soundCodecs[f.Format.Codec], Config: f.Format.Config, Rate: f.Format.Rate, Channels: f.Format.Channels,
		Out: soundCodecs[r.Codec],
	})
	if err != nil {
		release()
		return err
	}
	format, err := made(r.Codec, process)
	if err != nil {
		process.Close()
		release()
		return err
	}
	r.Log.Debug("encoder of sound starts", "of", f.Format.Codec, "rate", f.Format.Rate, "channels", f.Format.Channels)
	r.emit(media.Frame{Format: format, Run: f.Run}) // it is known already what comes
	r.encoder = &soundEncoder{process: process, release: release, before: *r.given}
	r.encoder.deliver(r.Log, format, f.Run, r.emit)
	return nil
}

// made gives the format of what an ffmpeg makes.
func made(codec media.Codec, process *transcode.Sound) (*media.Format, error) {
	config, channels := process.Config()
	if codec == media.Opus {
		return media.OpusFormat(channels)
	}
	return media.AACFormat(config)
}

// stop ends the encoder, if there is one.
func (r *soundRun) stop() {
	if r.encoder != nil {
		r.encoder.stop()
		r.encoder = nil
	}
}

// soundEncoder is one ffmpeg at work on sound. One goroutine writes to it, and one
// of its own emits what it gives.
type soundEncoder struct {
	process *transcode.Sound
	release func()
	before  given        // when it began
	zero    atomic.Int64 // when what has the time 0 was taken, as the newest frame says, in nanoseconds of Unix
	emits   sync.WaitGroup
}

// deliver begins to emit what comes out, in a goroutine that stop waits for.
func (e *soundEncoder) deliver(log *slog.Logger, format *media.Format, run uint64, emit func(media.Frame)) {
	e.emits.Go(func() {
		err := contained(log, func() error {
			for {
				p, err := e.process.Read()
				if err != nil {
					return err
				}
				f := media.Frame{Format: format, Run: run, PTS: p.PTS, Wall: time.Unix(0, e.zero.Load()+int64(p.PTS)), Data: p.Data}
				if !e.before.has(&f, mostBefore) {
					emit(f)
				}
			}
		})
		log.Debug("encoder of sound ends", "err", err)
		e.process.Close() // a writer that waits learns of it
	})
}

// stop ends ffmpeg, and leaves out what it has inside.
func (e *soundEncoder) stop() {
	e.process.Close()
	e.emits.Wait()
	e.release()
}

// mostSounds bounds how many encoders of sound there are at a time. They are cheap:
// a picture's costs fifty times as much. Of those for somebody alone, who looks back,
// there are no more than mostOwnSounds, and mostSoundsEach for one user or address, so
// that nobody takes the sound of all others.
const (
	mostSounds     = 64
	mostOwnSounds  = mostSounds / 2
	mostSoundsEach = 8
)

// sound takes one of the places for encoders of sound, which release gives back: one of
// all, or of those who hear it alone. The error is stream.ErrFull.
func (s *Slots) sound(common bool, clients []stream.Client) (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sounds == mostSounds {
		return nil, fmt.Errorf("%w: %d encoders of sound run, and there are no more", stream.ErrFull, mostSounds)
	}
	own := new(stream.Client)
	if len(clients) > 0 {
		*own = clients[0]
	}
	if !common {
		if err := s.ownSound(own); err != nil {
			return nil, err
		}
		s.ownSounds = append(s.ownSounds, own)
	}
	s.sounds++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sounds--
		s.ownSounds = slices.DeleteFunc(s.ownSounds, func(c *stream.Client) bool { return c == own })
	}, nil
}

// ownSound says whether somebody may have one more encoder of sound alone. The lock is
// held.
func (s *Slots) ownSound(who *stream.Client) error {
	if len(s.ownSounds) == mostOwnSounds {
		return fmt.Errorf("%w: %d encoders of sound of recordings run, and there are no more", stream.ErrFull, mostOwnSounds)
	}
	users, addresses, payer := 0, 0, who.Payer()
	for _, c := range s.ownSounds {
		if payer.Principal != (stream.Digest{}) && c.SamePrincipal(*who) {
			users++
		}
		if payer.Address != (stream.Digest{}) && c.SameAddress(*who) {
			addresses++
		}
	}
	if users >= mostSoundsEach || addresses >= 2*mostSoundsEach {
		return fmt.Errorf("%w: the sound of recordings is being made for this user or address already as often as one may have it", stream.ErrFull)
	}
	return nil
}
