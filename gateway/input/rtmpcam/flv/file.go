package flv

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// TagKind says what is in a tag.
type TagKind uint8

// The kinds of tags that matter.
const (
	TagSound    TagKind = 8
	TagPictures TagKind = 9
)

// Tag is one of a file.
type Tag struct {
	Kind  TagKind
	Stamp uint32
	Body  []byte // until the next is read
	Cut   bool   // it was too large, and passed over
}

// Tags reads a file that comes (E.2, E.3). It is not safe for concurrent use.
type Tags struct {
	from    *bufio.Reader
	largest int
	begun   bool
	body    []byte
}

// ErrNotFLV: what comes is something else.
var ErrNotFLV = errors.New("it is no FLV")

const (
	maxFileHead = 1 << 10
	tagHead     = 11
	tagTail     = 4        // how long the tag before is, again
	step        = 32 << 10 // room is made for so much of a tag before it has come
)

// NewTags makes a reader of tags of pictures and sound that are no larger than that.
func NewTags(r io.Reader, largest int) *Tags {
	return &Tags{from: bufio.NewReaderSize(r, 16<<10), largest: largest}
}

// Next gives the next tag of pictures or sound. Others are passed over.
func (t *Tags) Next() (Tag, error) {
	if !t.begun {
		if err := t.begin(); err != nil {
			return Tag{}, err
		}
		t.begun = true
	}
	for {
		var head [tagHead]byte
		if _, err := io.ReadFull(t.from, head[:]); err != nil {
			return Tag{}, err
		}
		const encrypted = 0x20
		tag := Tag{Kind: TagKind(head[0] & 0x1F), Stamp: uint32(head[7])<<24 | uint24(head[4:])}
		size, wanted := int(uint24(head[1:])), tag.Kind == TagSound || tag.Kind == TagPictures
		if head[0]&(0xC0|encrypted) != 0 || head[8]|head[9]|head[10] != 0 {
			return Tag{}, fmt.Errorf("%w, or an encrypted one: no tag begins with %x", ErrNotFLV, head)
		}
		tag.Cut = size > t.largest
		if err := t.read(size, wanted && !tag.Cut); err != nil {
			return Tag{}, err
		}
		if tag.Body = t.body; wanted {
			return tag, nil
		}
	}
}

// begin reads the head of the file.
func (t *Tags) begin() error {
	var head [9]byte
	if _, err := io.ReadFull(t.from, head[:]); err != nil {
		return err
	}
	rest := int64(binary.BigEndian.Uint32(head[5:])) - int64(len(head))
	if string(head[:4]) != "FLV\x01" || rest < 0 || rest > maxFileHead {
		return fmt.Errorf("%w: it begins with %x", ErrNotFLV, head)
	}
	_, err := io.CopyN(io.Discard, t.from, rest+tagTail)
	return err
}

// read reads the body of a tag, or passes it over, and what is behind it. Room for it
// grows with what comes.
func (t *Tags) read(size int, kept bool) error {
	t.body = t.body[:0]
	for kept && size > 0 {
		at, some := len(t.body), min(size, step)
		t.body = slices.Grow(t.body, some)[:at+some]
		if _, err := io.ReadFull(t.from, t.body[at:]); err != nil {
			return err
		}
		size -= some
	}
	_, err := t.from.Discard(size + tagTail)
	return err
}
