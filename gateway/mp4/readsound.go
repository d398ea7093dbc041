package mp4

import (
	"fmt"

	"framegate/gateway/media"
)

// ReadSoundInit reads the init segment (ftyp, moov) of one track of AAC or Opus
// at the start of b, as Init writes it. The error is as that of ReadInit.
func ReadSoundInit(b []byte) (*media.Format, error) {
	kind, content, n, err := NextBox(b)
	for err == nil && kind != "moov" {
		b = b[n:]
		kind, content, n, err = NextBox(b)
	}
	if err != nil {
		return nil, err
	}
	stsd, err := descend(content, "trak", "mdia", "minf", "stbl", "stsd")
	if err != nil {
		return nil, err
	}
	if len(stsd) < 8 {
		return nil, malformed("stsd of %d bytes", len(stsd))
	}
	kind, entry, _, err := NextBox(stsd[8:])
	const audio = 28 // bytes of an AudioSampleEntry before its boxes
	if err != nil || len(entry) < audio {
		return nil, malformed("sample description %q of sound", kind)
	}
	codec, config := media.Opus, []byte(nil)
	switch kind {
	case "Opus":
		config, err = descend(entry[audio:], "dOps")
	case "mp4a":
		codec = media.AAC
		config, err = readESDS(entry[audio:])
	default:
		return nil, malformed("sample description %q of sound", kind)
	}
	if err != nil {
		return nil, err
	}
	f, err := media.FormatOfConfig(codec, config)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return f, nil
}

// readESDS gives what is in an esds that we wrote, where it stands at a fixed place.
func readESDS(entry []byte) ([]byte, error) {
	const at = 26 // of the configuration, behind a byte that says how long it is
	esds, err := descend(entry, "esds")
	if err != nil {
		return nil, err
	}
	if len(esds) < at || int(esds[at-1]) > len(esds)-at {
		return nil, malformed("esds of %d bytes", len(esds))
	}
	return esds[at : at+int(esds[at-1])], nil
}

// maxSamples bounds the frames of sound in one fragment.
const maxSamples = 1024

// ReadSound reads the fragment that Sound.AppendFragment wrote at the start of b:
// its frames, which are parts of b, and the decode time of the first, in samples.
// The error is as that of ReadFragment.
func ReadSound(b []byte) (frames [][]byte, decode uint64, err error) {
	_, moof, n, err := NextBox(b)
	if err != nil {
		return nil, 0, err
	}
	boxes, err := children(moof, "traf")
	if err != nil {
		return nil, 0, err
	}
	if boxes, err = children(boxes[0], "tfdt", "trun"); err != nil {
		return nil, 0, err
	}
	if decode, err = readDecodeTime(boxes[0]); err != nil {
		return nil, 0, err
	}
	kind, mdat, _, err := NextBox(b[n:])
	if err != nil {
		return nil, 0, err
	}
	run := Fields{B: boxes[1]}
	run.U32() // version and flags
	count := run.U32()
	run.U32() // where the data is
	if kind != "mdat" || run.Failed || count > maxSamples || uint64(count)*8 != uint64(len(run.B)) {
		return nil, 0, malformed("%d frames of sound", count)
	}
	for range count {
		run.U32() // duration
		size := run.U32()
		if uint64(size) > uint64(len(mdat)) {
			return nil, 0, malformed("a frame of sound of %d bytes, of which %d are there", size, len(mdat))
		}
		frames = append(frames, mdat[:size:size])
		mdat = mdat[size:]
	}
	return frames, decode, nil
}
