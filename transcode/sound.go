package transcode

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	ffmpeg "github.com/u2takey/ffmpeg-go"
)

// SoundSpec says what ffmpeg is to make of sound.
type SoundSpec struct {
	FFmpeg string // the program; "" means ffmpeg on the PATH
	In     Codec  // AAC, Opus, PCMA or PCMU
	Config []byte // of AAC: an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1)
	// Rate and Channels are what is written: samples a second in each channel, and
	// channels. Of more than two channels two are made.
	Rate, Channels int
	Out            Codec // AAC or Opus, both at SoundRate
}

// SoundRate is that of what comes out, in samples a second. Frames of AAC at the 8 kHz
// of G.711 would last 128 ms, and sound be as late; at this they last 21 ms.
const SoundRate = 48000

// SoundPacket is a unit of AAC, or a packet of Opus.
type SoundPacket struct {
	PTS  time.Duration // of what it was made of
	Data []byte
}

// Sound is a running ffmpeg that makes sound of sound. Write is for one goroutine
// and Read for one other; Close may be called from any.
//
// What is written comes out up to 70 ms later: AAC's encoder has to see a frame more,
// Ogg has a page of Opus wait for the next, and both are cut into frames of their own.
type Sound struct {
	process *Process
	spec    SoundSpec
	read    func(*Sound) ([]byte, error)
	begun   int   // headers of Ogg that were read
	packets int64 // that came out

	mu      sync.Mutex // guards what follows
	written int64      // samples, in each channel
	marks   []soundMark
}

// soundMark says which media time a sample has, by its number among those written.
type soundMark struct {
	at  int64
	pts time.Duration
}

// soundEncoding is how sound is encoded.
type soundEncoding struct {
	options ffmpeg.KwArgs
	samples int64 // in a packet
	ahead   int64 // samples that the first packets have before the first that was written
	read    func(*Sound) ([]byte, error)
}

// soundBitrate is for each channel, in bits a second.
const soundBitrate = 64_000

var soundEncodings = map[Codec]soundEncoding{
	AAC: {
		options: ffmpeg.KwArgs{"c:a": "aac", "f": "adts"},
		samples: 1024, ahead: 1024, read: (*Sound).readADTS,
	},
	Opus: { // a page for each packet
		options: ffmpeg.KwArgs{"c:a": "libopus", "frame_duration": 20, "f": "ogg", "page_duration": 1},
		samples: 960, ahead: 312, read: (*Sound).readOgg,
	},
}

// soundDecoders are the decoders that are allowed, and the codecs' names in
// Matroska.
var soundDecoders = map[Codec]struct{ decoder, matroska string }{
	AAC: {"aac", "A_AAC"}, Opus: {"opus", "A_OPUS"},
	PCMA: {"pcm_alaw", "A_MS/ACM"}, PCMU: {"pcm_mulaw", "A_MS/ACM"},
}

// soundFilling makes samples of SoundRate, and as many as were written: where a packet
// could not be decoded there is silence in its place. Times are counted in samples, so
// all that follows would be early otherwise. Times that go in are exact to a
// millisecond, and 10 are the least that is made good.
var soundFilling = fmt.Sprintf("aresample=%d:first_pts=0:async=1:min_hard_comp=0.01", SoundRate)

// check refuses what ffmpeg should not be asked for.
func (s SoundSpec) check() error {
	const most = 96000
	_, in := soundDecoders[s.In]
	_, out := soundEncodings[s.Out]
	switch {
	case !in || !out:
		return fmt.Errorf("sound of codec %d to %d", s.In, s.Out)
	case s.Rate < 1 || s.Rate > most || s.Channels < 1 || s.Channels > 8:
		return fmt.Errorf("sound of %d Hz in %d channels", s.Rate, s.Channels)
	case s.In == AAC && (len(s.Config) == 0 || len(s.Config) > 64):
		return fmt.Errorf("AAC with a configuration of %d bytes", len(s.Config))
	}
	return nil
}

// channels counts those of what comes out.
func (s SoundSpec) channels() int { return min(s.Channels, 2) }

// arguments is ffmpeg's command line.
func (s SoundSpec) arguments() (args []string, err error) {
	defer func() {
		if p := recover(); p != nil { // ffmpeg-go panics on graphs it cannot order
			err = fmt.Errorf("composing ffmpeg's arguments: %v", p)
		}
	}()
	in := ffmpeg.Input("pipe:0", ffmpeg.KwArgs{
		"protocol_whitelist": "pipe",
		"f":                  "matroska", "format_whitelist": "matroska",
		"codec_whitelist": soundDecoders[s.In].decoder,
		"probesize":       32, "analyzeduration": 0, "threads": 1,
	})
	out := ffmpeg.KwArgs{
		"af": soundFilling, "ac": s.channels(), "b:a": soundBitrate * s.channels(),
		"threads": 1, "flush_packets": 1, "vn": "",
	}
	for name, value := range soundEncodings[s.Out].options {
		out[name] = value
	}
	global := []string{"-nostdin", "-hide_banner", "-loglevel", "error", "-filter_threads", "1"}
	return in.Output("pipe:1", out).GlobalArgs(global...).GetArgs(), nil
}

// StartSound runs ffmpeg for sound. The process ends with ctx, with Close, and with
// Framegate itself, however that ends (on Linux). The caller calls Close.
func StartSound(ctx context.Context, s SoundSpec) (*Sound, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	args, err := s.arguments()
	if err != nil {
		return nil, err
	}
	p, err := launched(ctx, s.FFmpeg, args, confinement{}, s.In)
	if err != nil {
		return nil, err
	}
	p.pre = s.head()
	return &Sound{process: p, spec: s, read: soundEncodings[s.Out].read}, nil
}

// Matroska's of sound (RFC 9559, 5.1.4.1).
const (
	mkvAudio    = 0xE1
	mkvRate     = 0xB5
	mkvChannels = 0x9F
	mkvIsAudio  = 2 // a type of track
)

// head is what stands before the packets written: Matroska, which has a packet's
// end known without the next one. Raw G.711 would be read in blocks of 128 ms.
func (s SoundSpec) head() []byte {
	var info, audio, track []byte
	info = appendElement(info, mkvTimestampScale, binary.BigEndian.AppendUint32(nil, 1e6))
	audio = appendElement(audio, mkvRate, binary.BigEndian.AppendUint64(nil, math.Float64bits(float64(s.Rate))))
	audio = appendElement(audio, mkvChannels, []byte{byte(s.Channels)})
	track = appendElement(track, mkvTrackNumber, []byte{1})
	track = appendElement(track, mkvTrackUID, []byte{1})
	track = appendElement(track, mkvTrackType, []byte{mkvIsAudio})
	track = appendElement(track, mkvCodecID, []byte(soundDecoders[s.In].matroska))
	track = appendElement(track, mkvAudio, audio)
	track = appendElement(track, mkvCodecPrivate, s.private())
	return appendMatroska(nil, info, track)
}

// private is what Matroska says of a codec for its decoder: of G.711 a WAVEFORMATEX
// (Matroska, Codec Mappings, A_MS/ACM), of Opus its identification header (RFC 7845,
// 5.1).
func (s SoundSpec) private() []byte {
	le := binary.LittleEndian
	switch s.In {
	case AAC:
		return s.Config
	case Opus:
		b := append([]byte("OpusHead\x01"), byte(s.Channels), 0, 0)
		return append(le.AppendUint32(b, uint32(s.Rate)), 0, 0, 0)
	}
	tag := uint16(6)
	if s.In == PCMU {
		tag = 7
	}
	b := le.AppendUint16(nil, tag)
	b = le.AppendUint16(b, uint16(s.Channels))
	b = le.AppendUint32(b, uint32(s.Rate))
	b = le.AppendUint32(b, uint32(s.Rate*s.Channels))
	b = le.AppendUint16(b, uint16(s.Channels))
	return append(b, 8, 0, 0, 0) // bits of a sample, nothing more
}

// Write gives ffmpeg a frame of sound of so many samples in each channel, and waits
// until ffmpeg takes it. It fails, and the process is then of no use, when ffmpeg has
// ended, takes nothing or gives nothing (ErrStalled).
func (s *Sound) Write(pts time.Duration, samples int, data []byte) error {
	p := s.process
	if !p.watch.written(time.Now(), true) {
		return fmt.Errorf("%w: %s", ErrStalled, p.stderr.String())
	}
	at := s.mark(pts, samples)
	head := appendClusterHead(p.pre, true, uint64(at*1000/int64(s.spec.Rate)), len(data))
	p.pre = head[:0]
	for _, b := range [...][]byte{head, data} {
		if err := p.stdin.SetWriteDeadline(time.Now().Add(p.watch.least())); err != nil {
			return p.brokenPipe(err)
		}
		if _, err := p.stdin.Write(b); err != nil {
			return p.brokenPipe(err)
		}
	}
	return nil
}

// maxMarks bounds what is inside ffmpeg, in frames written.
const maxMarks = 4096

// mark notes when a frame is heard, and gives the number of its first sample.
func (s *Sound) mark(pts time.Duration, samples int) (at int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at = s.written
	s.written += int64(samples)
	if len(s.marks) == maxMarks {
		s.marks = append(s.marks[:0], s.marks[1:]...)
	}
	s.marks = append(s.marks, soundMark{at, pts})
	return at
}

// heard gives the media time of the sample that comes out with a number, and forgets
// the marks before it. Samples count on over gaps in the times, since nothing is put
// into those.
func (s *Sound) heard(out int64) time.Duration {
	at := float64(out) * float64(s.spec.Rate) / SoundRate
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n+1 < len(s.marks) && float64(s.marks[n+1].at) <= at {
		n++
	}
	s.marks = append(s.marks[:0], s.marks[n:]...)
	m := s.marks[0]
	return m.pts + time.Duration((at-float64(m.at))/float64(s.spec.Rate)*float64(time.Second))
}

// Read gives the next packet, and waits for it. When ffmpeg has ended it gives an
// error that says how; after CloseWrite it wraps io.EOF.
func (s *Sound) Read() (SoundPacket, error) {
	s.process.await()
	data, err := s.read(s)
	if err != nil {
		return SoundPacket{}, s.process.unread(err)
	}
	s.process.watch.answered()
	e := soundEncodings[s.spec.Out]
	pts := s.heard(s.packets*e.samples - e.ahead)
	s.packets++
	return SoundPacket{PTS: pts, Data: data}, nil
}

// Config gives what a decoder has to know of the AAC that comes out: an
// AudioSpecificConfig of AAC-LC. Of Opus it is nil. Channels counts those of both.
func (s *Sound) Config() (config []byte, channels int) {
	channels = s.spec.channels()
	if s.spec.Out == AAC {
		const lc, rate = 2, 3 // 48 kHz: 14496-3, table 1.18
		config = []byte{lc<<3 | rate>>1, rate&1<<7 | byte(channels)<<3}
	}
	return config, channels
}

// readADTS reads a frame of ADTS: ISO/IEC 14496-3, 1.A.3.2.
func (s *Sound) readADTS() ([]byte, error) {
	var head [7]byte
	if _, err := io.ReadFull(s.process.frames, head[:]); err != nil {
		return nil, err
	}
	size := int(head[3]&3)<<11 | int(head[4])<<3 | int(head[5])>>5
	if head[0] != 0xFF || head[1]&0xF1 != 0xF1 || size < len(head) { // without CRC
		return nil, fmt.Errorf("% x begins no frame of ADTS", head)
	}
	data := make([]byte, size-len(head))
	_, err := io.ReadFull(s.process.frames, data)
	return data, err
}

// readOgg reads a page with a packet (RFC 3533, 6), past the two that are headers.
func (s *Sound) readOgg() ([]byte, error) {
	const headers = 2
	for {
		data, err := s.readPage()
		if err != nil {
			return nil, err
		}
		if s.begun++; s.begun > headers && len(data) > 0 {
			return data, nil
		}
	}
}

func (s *Sound) readPage() ([]byte, error) {
	var head [27]byte
	if _, err := io.ReadFull(s.process.frames, head[:]); err != nil {
		return nil, err
	}
	if string(head[:4]) != "OggS" {
		return nil, fmt.Errorf("% x begins no page of Ogg", head[:4])
	}
	var lacing [255]byte
	segments := lacing[:head[26]]
	if _, err := io.ReadFull(s.process.frames, segments); err != nil {
		return nil, err
	}
	size := 0
	for i, n := range segments {
		size += int(n)
		if n < 255 && i < len(segments)-1 {
			return nil, errors.New("a page of Ogg with several packets")
		}
	}
	data := make([]byte, size)
	_, err := io.ReadFull(s.process.frames, data)
	return data, err
}

// CloseWrite tells ffmpeg that no more comes: what it has inside comes out, and then
// Read gives an error that wraps io.EOF.
func (s *Sound) CloseWrite() { s.process.CloseWrite() }

// Close ends the process, as Process.Close does.
func (s *Sound) Close() { s.process.Close() }
