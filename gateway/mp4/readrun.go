package mp4

import "encoding/binary"

// run is what tfhd and trun say of the only sample.
type run struct {
	at       int64 // from the start of the moof
	duration uint32
	size     uint32
	offset   int32
	key      bool
}

// Fields takes the fields of a box one after another. Past the end it has
// failed and gives zeros.
type Fields struct {
	B      []byte // what is left
	Failed bool
}

// Take gives the next n bytes, or nil where there are fewer.
func (f *Fields) Take(n int) []byte {
	if n < 0 || len(f.B) < n {
		f.Failed, f.B = true, nil
		return nil
	}
	v := f.B[:n:n]
	f.B = f.B[n:]
	return v
}

// U32 gives the next number of four bytes.
func (f *Fields) U32() uint32 {
	if v := f.Take(4); v != nil {
		return binary.BigEndian.Uint32(v)
	}
	return 0
}

// U64 gives the next number of eight bytes.
func (f *Fields) U64() uint64 {
	if v := f.Take(8); v != nil {
		return binary.BigEndian.Uint64(v)
	}
	return 0
}

// Flags of tfhd and trun: 14496-12, 8.8.7 and 8.8.8.
const (
	tfhdBase        = 0x000001
	tfhdDescription = 0x000002
	tfhdDuration    = 0x000008
	tfhdSizes       = 0x000010
	tfhdFlags       = 0x000020

	trunAt         = 0x000001
	trunFirstFlags = 0x000004
	trunDuration   = 0x000100
	trunSizes      = 0x000200
	trunFlags      = 0x000400
	trunOffset     = 0x000800
	notSync        = 0x00010000 // of a sample's flags
	wantDuration   = 1
	wantSize       = 2
	wantFlags      = 4
	wantAt         = 8
	wantEverything = wantDuration | wantSize | wantFlags | wantAt
)

// readRun reads tfhd and trun, which between them must say everything of one
// sample; what only trex says counts for nothing.
func readRun(tfhd, trun []byte) (r run, err error) {
	known := readDefaults(&Fields{B: tfhd}, &r)
	b := Fields{B: trun}
	versionAndFlags := b.U32()
	count := b.U32()
	if known < 0 || count != 1 || versionAndFlags>>24 > 1 {
		return r, malformed("run of %d samples, version %d", count, versionAndFlags>>24)
	}
	if versionAndFlags&trunAt != 0 {
		r.at, known = int64(int32(b.U32())), known|wantAt
	}
	if versionAndFlags&trunFirstFlags != 0 {
		r.key, known = b.U32()&notSync == 0, known|wantFlags
	}
	if versionAndFlags&trunDuration != 0 {
		r.duration, known = b.U32(), known|wantDuration
	}
	if versionAndFlags&trunSizes != 0 {
		r.size, known = b.U32(), known|wantSize
	}
	if versionAndFlags&trunFlags != 0 {
		r.key, known = b.U32()&notSync == 0, known|wantFlags
	}
	if versionAndFlags&trunOffset != 0 {
		v := b.U32()
		if r.offset = int32(v); versionAndFlags>>24 == 0 && r.offset < 0 {
			return r, malformed("composition offset of %d", v)
		}
	}
	if b.Failed || known != wantEverything {
		return r, malformed("trun does not say all of its sample")
	}
	return r, nil
}

// readDefaults reads tfhd and says what it tells, or gives -1 where it is
// broken or counts from another place than the moof.
func readDefaults(b *Fields, r *run) (known int) {
	flags := b.U32() & 0xFFFFFF
	b.U32() // track
	if flags&tfhdBase != 0 {
		return -1
	}
	if flags&tfhdDescription != 0 {
		b.U32()
	}
	if flags&tfhdDuration != 0 {
		r.duration, known = b.U32(), known|wantDuration
	}
	if flags&tfhdSizes != 0 {
		r.size, known = b.U32(), known|wantSize
	}
	if flags&tfhdFlags != 0 {
		r.key, known = b.U32()&notSync == 0, known|wantFlags
	}
	if b.Failed {
		return -1
	}
	return known
}
