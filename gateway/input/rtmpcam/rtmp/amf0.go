package rtmp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Marks of values in AMF0 (Action Message Format, 2.1).
const (
	markNumber  = 0
	markBoolean = 1
	markText    = 2
	markObject  = 3
	markNull    = 5
	markUndef   = 6
	markArray   = 8 // with names
	markEnd     = 9
	markList    = 10
	markDate    = 11
	markLong    = 12
)

// maxDepth bounds values within values. Commands have two levels.
const maxDepth = 8

var (
	errShort = errors.New("a value ends too soon")
	errDeep  = errors.New("values lie too deep within others")
	errValue = errors.New("a value of a kind that is not known")
)

// object is a value that has others by name, the last of each.
type object map[string]any

// readValues reads the values of a command: float64, bool, string, object, []any, and
// nil for all that means nothing here. What it makes is at most sixteen times as large as b.
func readValues(b []byte) (values []any, err error) {
	for len(b) > 0 {
		var v any
		if v, b, err = readValue(b, maxDepth); err != nil {
			return values, err
		}
		values = append(values, v)
	}
	return values, nil
}

// readValue reads the first value, with others in it to a depth.
func readValue(b []byte, depth int) (v any, rest []byte, err error) {
	if depth == 0 {
		return nil, nil, errDeep
	}
	mark, b := b[0], b[1:]
	size, fixed := map[byte]int{markNumber: 8, markBoolean: 1, markDate: 10, markArray: 4, markList: 4}[mark]
	if fixed && len(b) < size {
		return nil, nil, errShort
	}
	switch mark {
	case markNumber:
		return math.Float64frombits(binary.BigEndian.Uint64(b)), b[8:], nil
	case markBoolean:
		return b[0] != 0, b[1:], nil
	case markText:
		return texts(readText(b, 2))
	case markLong:
		return texts(readText(b, 4))
	case markNull, markUndef:
		return nil, b, nil
	case markDate:
		return nil, b[size:], nil
	case markObject, markArray:
		return readObject(b[size:], depth)
	case markList:
		return readList(b[size:], binary.BigEndian.Uint32(b), depth)
	}
	return nil, nil, fmt.Errorf("%w: %d", errValue, mark)
}

// texts has a text be a value.
func texts(text string, rest []byte, err error) (any, []byte, error) { return text, rest, err }

// readText reads a text behind its length of so many bytes.
func readText(b []byte, size int) (text string, rest []byte, err error) {
	if len(b) < size {
		return "", nil, errShort
	}
	n := 0
	for _, v := range b[:size] {
		n = n<<8 | int(v)
	}
	if b = b[size:]; n > len(b) {
		return "", nil, errShort
	}
	return string(b[:n]), b[n:], nil
}

// readObject reads values behind their names, up to the end.
func readObject(b []byte, depth int) (any, []byte, error) {
	all := make(object)
	for {
		name, rest, err := readText(b, 2)
		if err != nil || len(rest) == 0 {
			return nil, nil, errShort
		}
		if name == "" && rest[0] == markEnd {
			return all, rest[1:], nil
		}
		if all[name], b, err = readValue(rest, depth-1); err != nil {
			return nil, nil, err
		}
	}
}

// readList reads so many values.
func readList(b []byte, n uint32, depth int) (any, []byte, error) {
	var all []any
	for range n {
		if len(b) == 0 {
			return nil, nil, errShort
		}
		var v any
		var err error
		if v, b, err = readValue(b, depth-1); err != nil {
			return nil, nil, err
		}
		all = append(all, v)
	}
	return all, b, nil
}

// named is a value in an object that is written.
type named struct {
	name  string
	value any
}

// appendValues appends values: float64, string, bool, nil, []string and []named.
func appendValues(b []byte, values ...any) ([]byte, error) {
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			b = append(b, markNull)
		case float64:
			b = binary.BigEndian.AppendUint64(append(b, markNumber), math.Float64bits(v))
		case bool:
			b = append(b, markBoolean, 0)
			if v {
				b[len(b)-1] = 1
			}
		case string:
			if len(v) > math.MaxUint16 {
				return nil, fmt.Errorf("%w: a text of %d bytes", errValue, len(v))
			}
			b = appendText(append(b, markText), v)
		case []string:
			b = binary.BigEndian.AppendUint32(append(b, markList), uint32(len(v)))
			for _, text := range v {
				b = appendText(append(b, markText), text)
			}
		case []named:
			b = append(b, markObject)
			for _, each := range v {
				var err error
				if b, err = appendValues(appendText(b, each.name), each.value); err != nil {
					return nil, err
				}
			}
			b = append(b, 0, 0, markEnd)
		default:
			return nil, fmt.Errorf("%w: %T", errValue, v)
		}
	}
	return b, nil
}

func appendText(b []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(text))), text...)
}
