package segment

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"framegate/gateway/mp4"
)

// What stands at the start of each file: ftyp, uuid, and the eight bytes that
// are free, moov or mdat. All of it is in the first sector of a disk, which is
// written whole or not at all.
const (
	ftypSize = 28
	uuidSize = 8 + 16 + 4 + 64 + 16 + 16 + 8*5 + 4
	holeAt   = ftypSize + uuidSize
	headSize = holeAt + 8

	maxCamera = 63
	version   = 1
)

// userType is the name of our uuid box.
var userType = []byte("framegate\x00record")

// appendHead writes a file's start for a Head, up to where its first fragments
// are.
//
// ftyp is 14496-12, 4.3. Fragments whose offsets count from their moof need
// iso5, signed composition offsets need iso6; mp41 says no more than "MP4".
func appendHead(w *mp4.Boxes, h Head, data int64) {
	ftyp := w.Open("ftyp")
	w.Text("iso5")
	w.U32(512)
	w.Text("iso5iso6mp41")
	w.Close(ftyp)
	uuid := w.Open("uuid")
	w.U8(userType...)
	w.U8(version, byte(len(h.Camera)), 0, 0)
	w.Text(h.Camera)
	w.Zeros(64 - len(h.Camera))
	w.U8(h.Run[:]...)
	w.U8(h.Boot[:]...)
	w.U64(h.Sequence, uint64(h.Start.UnixMicro()), uint64(h.Monotonic), uint64(h.Media), uint64(data))
	w.U32(crc32.ChecksumIEEE((*w)[uuid+8:]))
	w.Close(uuid)
	free := w.Open("free")
	binary.BigEndian.PutUint32((*w)[free:], uint32(data-int64(free)))
}

// readHead reads what appendHead wrote: the Head, and where the fragments begin.
// The error is ErrForeign, or ErrNothing where a file ends too early or nothing
// of it was ever on the disk.
func readHead(b []byte) (h Head, data int64, err error) {
	if n := min(len(b), headSize); bytes.Count(b[:n], []byte{0}) == n {
		return h, 0, fmt.Errorf("%w: it begins with nothing but zeros", ErrNothing)
	}
	var like mp4.Boxes
	appendHead(&like, Head{}, 0)
	fixed := ftypSize + 8 + 16 + 1 // what is the same in all files
	if n := min(len(b), fixed); !bytes.Equal(b[:n], like[:n]) {
		return h, 0, fmt.Errorf("%w: it does not begin as one", ErrForeign)
	}
	if len(b) < headSize {
		return h, 0, fmt.Errorf("%w: it ends within its head", ErrNothing)
	}
	if crc32.ChecksumIEEE(b[ftypSize+8:holeAt-4]) != binary.BigEndian.Uint32(b[holeAt-4:]) {
		return h, 0, fmt.Errorf("%w: its head does not add up", ErrForeign)
	}
	return readFields(b[ftypSize+8+16+1 : holeAt-4])
}

// readFields reads the fields of a head that adds up.
func readFields(b []byte) (h Head, data int64, err error) {
	f := mp4.Fields{B: b}
	camera := f.Take(3)[0]
	if camera > maxCamera {
		return h, 0, fmt.Errorf("%w: a camera's id of %d bytes", ErrForeign, camera)
	}
	h.Camera = string(f.Take(64)[:camera])
	h.Run, h.Boot = ID(f.Take(16)), ID(f.Take(16))
	h.Sequence = f.U64()
	h.Start = time.UnixMicro(int64(f.U64())).UTC()
	h.Monotonic, h.Media = time.Duration(f.U64()), int64(f.U64())
	if data = int64(f.U64()); data < holeAt+minHole || data > holeAt+maxHole {
		return h, 0, fmt.Errorf("%w: a hole up to %d", ErrForeign, data)
	}
	return h, data, nil
}
