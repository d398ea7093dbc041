package rtmp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// Player is the connection to a server that is asked for pictures.
type Player struct {
	*Conn
}

// Place is where pictures are.
type Place struct {
	Address string // up to the app, as rtmp://host/APP
	App     string
	Key     string // with its query
}

// The errors of servers, for callers to branch on.
var (
	// ErrRefused: the server does not give that out.
	ErrRefused = errors.New("refused")
	// errNoAnswer: it talks, and never answers.
	errNoAnswer = errors.New("it answers with something else")
)

// What a player says that it understands (7.2.1.1), which is what Flash did.
const (
	playsSounds   = 0x0FFF
	playsPictures = 0x00FF
	anyStart      = -2.0 // the present, or else what is recorded
	bufferMillis  = 100
)

// Play shakes hands with a server and asks for pictures, of which messages no larger
// than largest are read.
func Play(rw io.ReadWriter, at Place, largest int) (*Player, error) {
	from := bufio.NewReaderSize(rw, 16<<10)
	if err := meet(rw, from); err != nil {
		return nil, fmt.Errorf("shaking hands: %w", err)
	}
	p := &Player{newConn(rw, from)}
	about := []named{ // without fourCcList: there are servers, such as go2rtc, that hear nothing which has a list in it

		{"app", at.App}, {"flashVer", "LNX 9,0,124,2"}, {"tcUrl", at.Address}, {"fpad", false}, {"capabilities", 15.0},
		{"audioCodecs", float64(playsSounds)}, {"videoCodecs", float64(playsPictures)}, {"videoFunction", 1.0},
	}
	if _, err := p.call(1, "connect", about); err != nil {
		return nil, err
	}
	made, err := p.call(2, "createStream", nil)
	if err != nil {
		return nil, err
	}
	number64, _ := made.(float64)
	stream := uint32(max(0, min(number64, 1<<31)))
	const setBuffer = 3
	wish := append(append([]byte{0, setBuffer}, number(stream)...), number(bufferMillis)...)
	if err := p.writer.message(controlStream, kindControl, 0, wish); err != nil {
		return nil, err
	}
	if err := p.writer.command(stream, "play", 3.0, nil, at.Key, anyStart); err != nil {
		return nil, err
	}
	p.Take(largest)
	return p, nil
}

// call makes a call, and gives what it gave.
func (p *Player) call(id float64, name string, about any) (result any, err error) {
	if err := p.writer.command(0, name, id, about); err != nil {
		return nil, err
	}
	for range maxBefore {
		m, err := p.Read()
		if err != nil {
			return nil, err
		}
		if m.Kind != kindCommand {
			continue
		}
		answer, of, values, err := readCommand(m)
		switch {
		case err != nil:
			return nil, err
		case answer == "_error" && of == id:
			return nil, refusal(values)
		case answer == "_result" && of == id && len(values) > 1:
			return values[1], nil
		case answer == "_result" && of == id:
			return nil, nil
		}
	}
	return nil, errNoAnswer
}

// refusal makes an error of what a server says, of which a part is shown: who knows what it repeats.
func refusal(values []any) error {
	for _, v := range values {
		said, ok := v.(object)
		if !ok {
			continue
		}
		code, _ := said["code"].(string)
		words, _ := said["description"].(string)
		return fmt.Errorf("%w: %.60q, %.120q", ErrRefused, code, words)
	}
	return ErrRefused
}

// Next reads the next message of pictures or sound. It gives io.EOF when the server says
// that there are no more.
func (p *Player) Next() (Message, error) {
	for {
		m, err := p.Read()
		if err != nil || m.Kind == Pictures || m.Kind == Sound {
			return m, err
		}
		if m.Kind != kindCommand {
			continue
		}
		name, _, values, _ := readCommand(m) // "" where it cannot be read, which hurts nobody
		if name != "onStatus" {
			continue
		}
		for _, v := range values {
			said, _ := v.(object)
			switch {
			case said["level"] == "error":
				return m, refusal(values)
			case said["code"] == "NetStream.Play.Stop", said["code"] == "NetStream.Play.UnpublishNotify", said["code"] == "NetStream.Play.Complete":
				return m, io.EOF
			}
		}
	}
}
