package media

// What a raw_data_block of AAC consists of: ISO/IEC 14496-3, 4.5.2.1.
const (
	singleChannel = 0
	channelPair   = 1
	lowFrequency  = 3
	blockEnd      = 7
)

// elements are those that a number of channels has, in their order: 14496-3, table 1.19.
var elements = [mostChannels + 1][]uint8{
	1: {singleChannel},
	2: {channelPair},
	3: {singleChannel, channelPair},
	4: {singleChannel, channelPair, singleChannel},
	5: {singleChannel, channelPair, channelPair},
	6: {singleChannel, channelPair, channelPair, lowFrequency},
	7: {singleChannel, channelPair, channelPair, singleChannel, lowFrequency},
	8: {singleChannel, channelPair, channelPair, channelPair, lowFrequency},
}

// Silence gives a frame of AAC in which nothing is to be heard, nil for another
// codec. Each of its channels has a spectrum of no bands.
func (f *Format) Silence() []byte {
	if f.Codec != AAC || f.Channels < 1 || f.Channels > mostChannels {
		return nil
	}
	var w bits
	tags := [4]uint32{}
	for _, kind := range elements[f.Channels] {
		w.put(3, uint32(kind))
		w.put(4, tags[kind])
		tags[kind]++
		if kind == channelPair {
			w.put(1, 0) // no window in common
			w.put(streamBits, 0)
		}
		w.put(streamBits, 0)
	}
	w.put(3, blockEnd)
	return w.b
}

// streamBits is how long an individual_channel_stream is without bands: all of it is
// zero. It is a gain, a long window, and that there are no pulses, no noise shaping
// and no control of gain (14496-3, 4.4.2.7).
const streamBits = 8 + 11 + 3

// bits are written one after another, the highest of a byte first.
type bits struct {
	b []byte
	n int
}

func (w *bits) put(n int, v uint32) {
	for n--; n >= 0; n-- {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>n&1) << (7 - w.n%8)
		w.n++
	}
}
