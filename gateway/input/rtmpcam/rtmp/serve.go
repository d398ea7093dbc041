package rtmp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// Wish is what somebody wants who connects.
type Wish struct {
	App   string     // of the address: rtmp://host/APP/KEY
	Key   string     // without its query
	Query url.Values // of both
	Wrong bool       // that cannot be read, as % without two digits behind it
	Plays bool       // it wants to see, and not to send
}

// Sender is the connection of somebody who sends, or wants to.
type Sender struct {
	*Conn
	Wish   Wish
	stream uint32
}

// ourStream is the number of the one stream that a connection has.
const ourStream = 1

// maxBefore bounds the messages that come before the wish. Nobody sends more than ten.
const maxBefore = 64

var (
	errCommand = errors.New("a command that cannot be read")
	errNoWish  = errors.New("it says much and never what it wants")
)

// fourCCs are the codecs that are taken of Enhanced RTMP, as connect is answered where it names any.
var fourCCs = []string{"avc1", "hvc1", "mp4a", "Opus"}

// Serve shakes hands with a client and answers it until it says what it wants, which is
// then to be answered by Accept or Refuse.
func Serve(rw io.ReadWriter) (*Sender, error) {
	from := bufio.NewReaderSize(rw, 16<<10)
	if err := greet(rw, from); err != nil {
		return nil, fmt.Errorf("shaking hands: %w", err)
	}
	s := &Sender{Conn: newConn(rw, from)}
	for range maxBefore {
		m, err := s.Read()
		if err != nil {
			return nil, err
		}
		if m.Kind != kindCommand {
			continue
		}
		done, err := s.heard(m)
		if err != nil || done {
			return s, err
		}
	}
	return nil, errNoWish
}

// heard answers a command, and says whether it is the wish.
func (s *Sender) heard(m Message) (wish bool, err error) {
	name, id, values, err := readCommand(m)
	if err != nil {
		return false, err
	}
	switch name {
	case "connect":
		return false, s.connect(id, values)
	case "createStream":
		return false, s.writer.command(0, "_result", id, nil, float64(ourStream))
	case "releaseStream", "FCPublish", "FCSubscribe", "_checkbw", "getStreamLength":
		return false, s.writer.command(0, "_result", id, nil, nil)
	case "publish", "play":
		s.Wish.Plays, s.stream = name == "play", m.stream
		key, _ := textAt(values, 1)
		s.wish(key)
		return true, nil
	}
	return false, nil
}

// readCommand reads a command: its name, its number, and what follows.
func readCommand(m Message) (name string, id float64, values []any, err error) {
	values, err = readValues(m.Body)
	if err != nil {
		return "", 0, nil, fmt.Errorf("%w: %w", errCommand, err)
	}
	name, ok := textAt(values, 0)
	if !ok || len(values) < 2 {
		return "", 0, nil, errCommand
	}
	id, _ = values[1].(float64)
	return name, id, values[2:], nil
}

// textAt gives the text at a place.
func textAt(values []any, n int) (string, bool) {
	if len(values) <= n {
		return "", false
	}
	text, ok := values[n].(string)
	return text, ok
}

// connect answers what comes first (7.2.1.1).
func (s *Sender) connect(id float64, values []any) error {
	said, _ := first(values).(object)
	s.Wish.App, _ = said["app"].(string)
	about := []named{{"fmsVer", "FMS/3,0,1,123"}, {"capabilities", 31.0}}
	if said["fourCcList"] != nil { // go2rtc, which sends none, hears nothing that has a list in it
		about = append(about, named{"fourCcList", fourCCs})
	}
	write := func(kind Kind, body []byte) func() error {
		return func() error { return s.writer.message(controlStream, kind, 0, body) }
	}
	for _, do := range []func() error{
		write(kindWindow, number(defaultWindow)),
		write(kindBandwidth, append(number(defaultWindow), 2)), // dynamic
		func() error {
			return s.writer.command(0, "_result", id,
				about, status("status", "NetConnection.Connect.Success", "connected", named{"objectEncoding", 0.0}))
		},
	} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

func first(values []any) any {
	if len(values) == 0 {
		return nil
	}
	return values[0]
}

// wish reads what is wanted. A query may stand behind the app and behind the key, and
// OBS has all that is typed into its fields in them.
func (s *Sender) wish(key string) {
	app, more, _ := strings.Cut(s.Wish.App, "?")
	key, query, _ := strings.Cut(key, "?")
	var err error
	s.Wish.Query, err = url.ParseQuery(strings.Trim(more+"&"+query, "&"))
	s.Wish.App, s.Wish.Key, s.Wish.Wrong = strings.Trim(app, "/"), strings.Trim(key, "/"), err != nil
}

// Accept has the client send.
func (s *Sender) Accept() error {
	const begins = 0
	begin := append([]byte{0, begins}, number(s.stream)...)
	if err := s.writer.message(controlStream, kindControl, 0, begin); err != nil {
		return err
	}
	return s.say("status", "NetStream.Publish.Start", "it is taken")
}

// The codes of refusals, which programs show beside the words or instead of them.
const (
	BadName  = "NetStream.Publish.BadName"  // there is no such camera, or somebody has it
	Denied   = "NetStream.Publish.Denied"   // who it is may not
	Rejected = "NetStream.Publish.Rejected" // what is sent is not taken
	Failed   = "NetStream.Play.Failed"
)

// Refuse tells the client why it is not let in, or ended.
func (s *Sender) Refuse(code, words string) error { return s.say("error", code, words) }

// say writes what becomes of the stream (7.2.2).
func (s *Sender) say(level, code, words string) error {
	return s.writer.command(s.stream, "onStatus", 0.0, nil, status(level, code, words))
}

// Next reads the next message of pictures or sound, and gives io.EOF when the client ends its stream.
func (s *Sender) Next() (Message, error) {
	for {
		m, err := s.Read()
		if err != nil || m.Kind == Pictures || m.Kind == Sound {
			return m, err
		}
		if m.Kind != kindCommand {
			continue
		}
		switch name, _, _, _ := readCommand(m); name { // "" where it cannot be read, which hurts nobody
		case "deleteStream", "closeStream", "FCUnpublish":
			return m, io.EOF
		}
	}
}

// status makes what says how something went.
func status(level, code, words string, more ...named) []named {
	return append([]named{{"level", level}, {"code", code}, {"description", words}}, more...)
}
