package sse

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"framegate/gateway/camtest"
)

// event is one block of a response: what stands between two blank lines.
type event struct {
	retry, comment, id, name, data string

	arrived time.Time
}

// events reads a response strictly: one space behind the colon, LF alone, no
// field twice, none that is unknown.
type events struct {
	r *bufio.Reader
}

// next gives the next block, or io.EOF where the response ended behind one.
func (e *events) next() (event, error) {
	var got event
	for fields := 0; ; fields++ {
		line, err := e.r.ReadString('\n')
		switch {
		case err == io.EOF && fields == 0 && line == "":
			return got, io.EOF
		case err == io.EOF:
			return got, fmt.Errorf("it ends in %.80q: %w", line, io.ErrUnexpectedEOF)
		case err != nil:
			return got, err
		}
		line = strings.TrimSuffix(line, "\n")
		if line == "" && fields > 0 {
			got.arrived = time.Now()
			return got, nil
		}
		if err := got.take(line); err != nil {
			return got, err
		}
	}
}

func (e *event) take(line string) error {
	name, value, ok := strings.Cut(line, ": ")
	field := map[string]*string{"retry": &e.retry, "": &e.comment, "id": &e.id, "event": &e.name, "data": &e.data}[name]
	if !ok || field == nil || *field != "" || value == "" || strings.ContainsAny(value, "\r\x00") {
		return fmt.Errorf("line %.80q", line)
	}
	*field = value
	return nil
}

// frame is the data of a frame event.
type frame struct {
	Seq           uint64
	TS            float64
	Width, Height int
	MIME          string
	Data          string
}

// frame reads a frame event and its picture's number.
func (e event) frame() (f frame, number int, err error) {
	if e.name != "frame" || e.retry != "" || e.comment != "" {
		return f, 0, fmt.Errorf("%.80q %q is no frame", e.name, e.data)
	}
	decoder := json.NewDecoder(strings.NewReader(e.data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return f, 0, err
	}
	if f.MIME != "image/jpeg" || e.id != fmt.Sprint(f.Seq) || f.Width != 64 || f.Height != 32 {
		return f, 0, fmt.Errorf("id %s: %s %dx%d", e.id, f.MIME, f.Width, f.Height)
	}
	picture, err := base64.StdEncoding.Strict().DecodeString(f.Data)
	if err != nil {
		return f, 0, err
	}
	number, err = camtest.ReadJPEGNumber(picture)
	return f, number, err
}

// state reads a state event's code.
func (e event) state() string {
	var s struct{ Camera, Code, Message string }
	if err := json.Unmarshal([]byte(e.data), &s); e.name != "state" || e.id != "" || err != nil || s.Message == "" {
		return fmt.Sprintf("%s %.80q: %v", e.name, e.data, err)
	}
	return s.Camera + ", " + s.Code
}
